touch @CANARY@
