def leave(value):
    return open("@OUTSIDE@/word.txt").read()


class FilterModule:
    def filters(self):
        return {"leave": leave}
