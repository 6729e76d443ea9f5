"""Keys, and clients that have them: what stories of encryption share."""

import subprocess

import zmq
from logboom_story import LOGBOOM, PATIENCE_S, Client, clean_environment


class Keys:
    """Key pairs as `logboom keygen` makes them, in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        """The file of a pair, which is made if need be."""
        path = self.folder / f"{name}.key"
        if not path.exists():
            subprocess.run([LOGBOOM, "keygen", path], check=True, capture_output=True,
                           timeout=PATIENCE_S, env=clean_environment())
        return str(path)

    def pair(self, name):
        """Public and secret key, as text."""
        with open(self.path(name)) as lines:
            words = dict(line.split() for line in lines if not line.startswith("# "))
        return words["public"].encode(), words["secret"].encode()

    def line(self, name):
        """What goes into a list of clients."""
        return f"{name} {self.pair(name)[0].decode()}"

    def endpoint(self, *names, **more):
        """The settings of an endpoint that lets these in."""
        return {"encryption": "curve", "key": self.path("server"),
                "allow": [self.line(name) for name in names] or str(self.empty()), **more}

    def listening_sink(self, *names, **more):
        """The settings of a zmq sink that lets these receivers in."""
        return {**self.endpoint(*names), **more}

    def connecting_sink(self, name, server="server", **more):
        """Those of one that connects, as `name`."""
        return {"encryption": "curve", "key": self.path(name),
                "server_key": self.pair(server)[0].decode(), **more}

    def empty(self):
        path = self.folder / "nobody"
        path.write_text("")
        return path

    def client_options(self, name, server="server"):
        public, secret = self.pair(name)
        return {"curve_publickey": public, "curve_secretkey": secret,
                "curve_serverkey": self.pair(server)[0]}


def refusal_of(address, kind=zmq.PUSH, **options):
    """Connects, and waits for the end of the handshake: whether it was refused."""
    client = Client(None, kind=kind, **{"reconnect_ivl": -1, "handshake_ivl": PATIENCE_S * 1000, **options},
                    bind="inproc://nobody")
    events = client.socket.get_monitor_socket(
        zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_DISCONNECTED
        | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
    client.socket.connect(address)
    assert events.poll(PATIENCE_S * 1000), "the handshake does not end"
    event = int.from_bytes(events.recv_multipart()[0][:2], "little")
    client.socket.disable_monitor()
    client.close()
    return event != zmq.EVENT_HANDSHAKE_SUCCEEDED
