"""Serve the language host to one engine: `pulumi-language-python [FLAGS] ENGINE_ADDRESS`."""

import os
import signal
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc

from pulumi_standins.protocol import use_protocol_only

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def main() -> None:
    """Print the port as the first line of stdout, and serve until the engine ends or a signal arrives."""
    use_protocol_only()
    from pulumi.runtime.proto import language_pb2_grpc  # noqa: PLC0415

    from pulumi_standins.language_python.service import LanguageHost  # noqa: PLC0415

    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    host = LanguageHost(sys.argv[-1])
    server = grpc.server(ThreadPoolExecutor(max_workers=64), options=UNLIMITED)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    threading.Thread(target=_watch_engine, args=(over,), daemon=True).start()
    over.wait()
    host.stop()
    host.wait()
    server.stop(grace=None).wait()
    os._exit(0)  # the threads of running calls have nothing left to do


def _watch_engine(over: threading.Event) -> None:
    """Set `over` when stdin closes: the engine has the other end, so it closes even if the engine is killed."""
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        while os.read(0, 4096):
            pass
        over.set()


if __name__ == "__main__":
    main()
