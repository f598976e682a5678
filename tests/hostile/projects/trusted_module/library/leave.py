open("@CANARY@", "w").close()
