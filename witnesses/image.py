"""Images."""

import math

import numpy as np
import tensorflow as tf

from tensors import NoWitness, batched, confirmed, dims, f32, ints, now, real, rounded, tensor


def linear_in(x, function):
    """A function of an image alone, linear but for what it fills in, by what TensorFlow makes of each single pixel."""
    batch, height, width, channels = dims(x)
    count = height * width
    pixels = tf.reshape(tf.eye(count, dtype=tf.float32), [count, height, width, 1])
    results = []
    for example in range(batch):
        nothing = function(tf.zeros([1, height, width, 1]), example)
        weights = function(pixels, example) - nothing
        _, out_height, out_width, _ = dims(weights)
        flat = tf.reshape(tf.cast(weights, now.real), [count, -1])
        y = tf.matmul(flat, tf.reshape(x[example], [count, channels]), True) + tf.reshape(tf.cast(nothing, now.real), [-1, 1])
        results.append(tf.reshape(y, [out_height, out_width, channels]))
    return rounded(tf.stack(results))


def interpolation(size, out, alignCorners, halfPixelCenters):
    """The weights of the inputs in each output along an axis."""
    scale = (size - 1) / (out - 1) if alignCorners and out > 1 else size / out
    matrix = np.zeros((out, size))
    for i in range(out):
        at = (i + 0.5) * scale - 0.5 if halfPixelCenters else i * scale
        low, high = max(math.floor(at), 0), min(math.ceil(at), size - 1)
        matrix[i, min(low, size - 1)] += 1 - (at - math.floor(at))
        matrix[i, high] += at - math.floor(at)
    return tf.constant(matrix, now.real)


@batched(4)
def resize_bilinear(images, size, alignCorners=False, halfPixelCenters=False):
    down, across = (interpolation(n, out, alignCorners, halfPixelCenters) for n, out in zip(dims(images)[1:3], size))
    return confirmed(tf.einsum("bhwc,ih,jw->bijc", images, down, across), lambda: tf.raw_ops.ResizeBilinear(
        images=f32(images), size=size, align_corners=bool(alignCorners), half_pixel_centers=bool(halfPixelCenters)
    ))


@batched(4)
def resize_nearest(images, size, alignCorners=False, halfPixelCenters=False):
    batch, height, width, channels = dims(images)
    places = tf.reshape(tf.range(height * width), [1, height, width, 1])
    taken = tf.raw_ops.ResizeNearestNeighbor(
        images=places, size=size, align_corners=bool(alignCorners), half_pixel_centers=bool(halfPixelCenters)
    )
    return tf.gather(tf.reshape(images, [batch, height * width, channels]), taken[0, :, :, 0], axis=1)


def crop_and_resize(image, boxes, boxInd, cropSize, method="bilinear", extrapolationValue=0):
    image, boxes, which = real(image), real(boxes), ints(boxInd)
    _, height, width, _ = dims(image)
    own = lambda pictures: tf.image.crop_and_resize(pictures, f32(boxes), which, cropSize, method, extrapolationValue)

    def places(size, out, start, stop):
        if out > 1:
            steps = tf.range(out, dtype=now.real) / (out - 1)
            return (start[:, None] + steps * (stop - start)[:, None]) * (size - 1)
        return 0.5 * (start + stop)[:, None] * (size - 1)

    y = places(height, cropSize[0], boxes[:, 0], boxes[:, 2])
    x = places(width, cropSize[1], boxes[:, 1], boxes[:, 3])
    outside = ((y < 0) | (y > height - 1))[:, :, None] | ((x < 0) | (x > width - 1))[:, None, :]
    pictures = tf.gather(image, which)

    def at(rows, columns):
        rows = tf.clip_by_value(tf.cast(rows, tf.int32), 0, height - 1)
        columns = tf.clip_by_value(tf.cast(columns, tf.int32), 0, width - 1)
        return tf.gather(tf.gather(pictures, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)

    if method == "nearest":
        result = at(tf.floor(y + 0.5), tf.floor(x + 0.5))
    else:
        fy, fx = (y - tf.floor(y))[:, :, None, None], (x - tf.floor(x))[:, None, :, None]
        top = at(tf.floor(y), tf.floor(x)) * (1 - fx) + at(tf.floor(y), tf.math.ceil(x)) * fx
        bottom = at(tf.math.ceil(y), tf.floor(x)) * (1 - fx) + at(tf.math.ceil(y), tf.math.ceil(x)) * fx
        result = top * (1 - fy) + bottom * fy
    result = tf.where(outside[..., None], tf.constant(extrapolationValue, now.real), result)
    return confirmed(result, lambda: own(f32(image)))


def rgb_to_grayscale(image):
    image = tensor(image)
    return tf.cast(tf.tensordot(real(image), tf.constant([[0.2989], [0.587], [0.114]], now.real), 1), image.dtype)


def transform(image, transforms, interpolation="nearest", fillMode="constant", fillValue=0, outputShape=None):
    image, transforms = real(image), tensor(transforms)
    if interpolation == "bilinear" and any(transforms is one for one in now.watched):
        raise NoWitness("TensorFlow has no gradient by the transforms")
    matrices = f32(transforms)

    def own(pictures, example):
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pictures, transforms=matrices[:1] if len(matrices) == 1 else matrices[example : example + 1],
            output_shape=outputShape or dims(image)[1:3], fill_value=tf.constant(fillValue, tf.float32),
            interpolation=interpolation.upper(), fill_mode=fillMode.upper(),
        )

    return linear_in(image, own)


def rotate_with_offset(image, radians, fillValue=0, center=0.5):
    """From the nearest pixel that the rotation about the centre brings to each."""
    image = real(image)
    _, height, width, channels = dims(image)
    right, down = center if isinstance(center, list) else (center, center)
    cx, cy, sine, cosine = width * right, height * down, math.sin(radians), math.cos(radians)
    columns, rows = np.meshgrid(np.arange(width) - cx, np.arange(height) - cy)
    places = np.stack([columns * cosine - rows * sine + cx, columns * sine + rows * cosine + cy])
    if np.any(np.abs(places % 1 - 0.5) < 1e-4):
        raise NoWitness("a pixel lies between two")
    matrix = [[cosine, -sine, cx - cosine * cx + sine * cy, sine, cosine, cy - sine * cx - cosine * cy, 0.0, 0.0]]
    if not isinstance(fillValue, list):
        return transform(image, matrix, "nearest", "constant", fillValue)
    fills = [*fillValue, 255][:channels]
    return tf.concat(
        [transform(image[..., c : c + 1], matrix, "nearest", "constant", fills[c]) for c in range(channels)], -1
    )


FUNCTIONS = {
    "image.resizeBilinear": resize_bilinear,
    "image.resizeNearestNeighbor": resize_nearest,
    "image.cropAndResize": crop_and_resize,
    "image.flipLeftRight": lambda image: tf.reverse(tensor(image), [2]),
    "image.grayscaleToRGB": lambda image: tf.repeat(tensor(image), 3, -1),
    "image.rgbToGrayscale": rgb_to_grayscale,
    "image.transform": transform,
    "image.rotateWithOffset": rotate_with_offset,
}
