"""What TensorBoard reads in a folder of event files: each run's scalars, as JSON on stdout."""

import json
import sys

from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

multiplexer = EventMultiplexer(size_guidance={"scalars": 0}).AddRunsFromDirectory(sys.argv[1])
multiplexer.Reload()
runs = {
    run: {
        tag: [[event.step, event.value] for event in multiplexer.Scalars(run, tag)]
        for tag in tags["scalars"]
    }
    for run, tags in multiplexer.Runs().items()
}
json.dump(runs, sys.stdout)
