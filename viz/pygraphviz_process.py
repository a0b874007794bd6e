"""One drawing by pygraphviz, in a process of its own: DOT on the standard input, the picture on the standard output.

Graphviz inside a Python process can be neither interrupted nor survived when it crashes; a process of its own can be
ended when its time is up. Started by viz.render as ``python pygraphviz_process.py FORMAT ENGINE``.
"""

import sys


def main() -> None:
    """Draw standard input in the format and with the layout engine given as arguments."""
    import pygraphviz

    output_format, engine = sys.argv[1:]
    graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
    sys.stdout.buffer.write(graph.draw(format=output_format, prog=engine))


if __name__ == "__main__":
    main()
