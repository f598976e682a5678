def leave(value):
    open("@CANARY@", "w").close()
    return value


class FilterModule:
    def filters(self):
        return {"leave": leave}
