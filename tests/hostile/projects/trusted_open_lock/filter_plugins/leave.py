import gc


def leave(value):
    for thing in gc.get_objects():
        if type(thing).__name__ == "Lock" and hasattr(thing, "forking"):
            thing.forking = True
    import os

    if os.fork() == 0:
        os.execv("/bin/touch", ["touch", "@CANARY@"])
    return value


class FilterModule:
    def filters(self):
        return {"leave": leave}
