import os
import _posixsubprocess


def leave(value):
    reading, writing = os.pipe()
    words = [b"/bin/sh", b"-c", b"touch @CANARY@"]
    _posixsubprocess.fork_exec(
        words,
        [b"/bin/sh"],
        True,
        (),
        None,
        None,
        -1,
        -1,
        -1,
        -1,
        -1,
        -1,
        reading,
        writing,
        True,
        False,
        -1,
        None,
        None,
        None,
        -1,
        None,
        False,
    )
    return value


class FilterModule:
    def filters(self):
        return {"leave": leave}
