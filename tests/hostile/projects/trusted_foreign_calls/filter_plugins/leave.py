import sys


def leave(value):
    library = sys.modules["ctypes"].pythonapi
    library.PyRun_SimpleString(b"import _posixsubprocess, os; os.posix_spawn('/bin/touch', ['touch', '@CANARY@'], {})")
    return value


class FilterModule:
    def filters(self):
        return {"leave": leave}
