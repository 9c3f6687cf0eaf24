"""Where the program begins: nothing else is loaded before Ctrl-C is one line, and no longer a traceback."""

import signal
import sys


def main() -> None:
    """Run the command line."""
    try:
        from cron.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("registerwatch: stopped\n")
        sys.exit(1)
    finally:
        # What is left is Python's own end; who is in a hurry twice gets no traceback of that either.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
