"""Complex numbers and signals."""

import tensorflow as tf

from tensors import NoWitness, now, real, tensor


def as_complex(x):
    return tf.cast(tensor(x), now.complex)


def rfft(input, fftLength=None):
    # TensorFlow's gradient knows no input of another length.
    input = real(input)
    length = input.shape[-1] if fftLength is None else int(fftLength)
    paddings = [[0, 0]] * (len(input.shape) - 1) + [[0, max(0, length - input.shape[-1])]]
    return tf.signal.rfft(tf.pad(input[..., :length], paddings))


def irfft(input):
    input = as_complex(input)
    if input.shape[-1] < 2:
        raise NoWitness("tf.signal.irfft takes at least two numbers")
    return tf.signal.irfft(input)


def frame(signal, frameLength, frameStep, padEnd=False, padValue=0):
    return tf.signal.frame(real(signal), frameLength, frameStep, bool(padEnd), padValue)


def stft(signal, frameLength, frameStep, fftLength=None):
    return tf.signal.stft(real(signal), frameLength, frameStep, fftLength)


FUNCTIONS = {
    "complex": lambda real_, imag: tf.complex(real(real_), real(imag)),
    "real": lambda x: tf.math.real(tensor(x)),
    "imag": lambda x: tf.math.imag(tensor(x)),
    **{
        f"{path}{name}": function
        for path in ("spectral.", "")
        for name, function in {
            "fft": lambda input: tf.signal.fft(as_complex(input)),
            "ifft": lambda input: tf.signal.ifft(as_complex(input)),
            "rfft": rfft,
            "irfft": irfft,
        }.items()
    },
    "signal.frame": frame,
    "signal.stft": stft,
    "signal.hammingWindow": lambda windowLength: tf.signal.hamming_window(windowLength, dtype=now.real),
    "signal.hannWindow": lambda windowLength: tf.signal.hann_window(windowLength, dtype=now.real),
}
