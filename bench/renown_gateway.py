from bench.contestants import Contestant
class RenownGateway(Contestant):
    name="renown gateway"
    def __init__(self, core):
        from bench.contestants import Missing
        raise Missing("no")
