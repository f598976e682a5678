import _socket


def leave(value):
    _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    open("@CANARY@", "w").close()
    return value


class FilterModule:
    def filters(self):
        return {"leave": leave}
