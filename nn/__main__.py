"""``python -m nn``: train a network, compare the ways to its gradient, or see what this machine has."""

import argparse
import sys
from collections.abc import Sequence

from nn import doctor, training_command
from nn.arguments import Parser
from nn.training import DivergenceError

BAD_ARGUMENT, DIVERGED, INTERRUPTED = 2, 1, training_command.INTERRUPTED


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 for a diverged training, 2 for bad arguments, 130 for Ctrl-C."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments[:1] == ["compare"]:
            from nn.compare import main as compare  # here, since it takes longer to import than the rest

            return compare(arguments[1:])
        options = _parser().parse_args(arguments)
        if options.command == "doctor":
            print(doctor.report(list(doctor.examine())))
            return 0
        return training_command.run(options)
    except DivergenceError as error:
        return _fail(error, DIVERGED)
    except (ValueError, OSError, ImportError) as error:
        return _fail(error, BAD_ARGUMENT)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)


def _fail(message: object, code: int) -> int:
    print(f"python -m nn: error: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m nn", description="Networks: train one, or see what this machine has.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    training_command.add_options(
        commands.add_parser(
            "train",
            help="train a network on real data",
            description="Train a network on a data set and tell its accuracy on the test samples.",
            epilog=training_command.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    commands.add_parser("compare", help="compare the cost of every way to the same gradient", add_help=False)
    commands.add_parser("doctor", help="say what is installed, how fast it is, and what to do about the rest")
    return parser


if __name__ == "__main__":
    sys.exit(main())
