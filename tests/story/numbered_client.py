"""One client as a process of its own: pushes numbered entries, then leaves in the orderly way.

    numbered_client.py ADDRESS CLIENT COUNT BATCH_BYTES connect|bind

BATCH_BYTES 0 sends one entry a message. Says `bound` or `connected`, and `done` when its
socket has handed over everything.
"""

import sys

import zmq
from logboom_story import numbered_batches, numbered_json


def main(address, client, count, batch_bytes, how):
    client, count, batch_bytes = int(client), int(count), int(batch_bytes)
    context = zmq.Context()
    push = context.socket(zmq.PUSH)
    push.linger = -1
    if how == "bind":
        push.bind(address)
    else:
        push.connect(address)
    print("bound" if how == "bind" else "connected", flush=True)
    if batch_bytes:
        for batch in numbered_batches(client, count, batch_bytes):
            push.send(batch)
    else:
        for number in range(count):
            push.send(numbered_json(client, number))
    push.close()
    context.term()
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
