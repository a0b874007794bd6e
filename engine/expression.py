"""An expression in text, such as tanh(w*x + b), to a Value; parsed with ast and a whitelist, never eval'ed.

What it may hold: numbers, names, + - * / ** and parentheses, the functions of the table, as f(x) or x.f(), pi and e. A
mistake is an error with a caret under it.
"""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, NoReturn

from engine.functions import Number
from engine.mistakes import CURES, of_syntax
from engine.row import TABLE
from engine.value import Value

LONGEST = 10_000  # characters
MOST_DIGITS = 100_000  # of an exact power
CONSTANTS = {"pi": math.pi, "e": math.e}
SHORT_NAMES = {"max": "maximum", "min": "minimum"}

_SIGNS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}


class ExpressionError(ValueError):
    """An expression that cannot be read or computed; the message shows it with a caret under the mistake.

    >>> print(ExpressionError("what is this?", "a ? b", 2, 3))
    what is this?
      a ? b
        ^
    """

    def __init__(self, problem: str, text: str, start: int, end: int) -> None:
        super().__init__(f"{problem}\n  {text}\n  {' ' * start}{'^' * max(end - start, 1)}")


def evaluate(text: str, variables: Mapping[str, Number], number: Callable[[str], Number] = float) -> Value:
    """Return the Value of an expression; its leaves are the variables, labelled with their names.

    Parameters
    ----------
    text: the expression.
    variables: a number for each of its names; a Value stands for itself.
    number: makes a number of a literal, for instance Fraction.

    Raises ExpressionError, a ValueError, where the text is none, a name is unknown, or a function is not defined there.

    >>> y = evaluate("tanh(w*x + b)", {"w": -3, "x": 2, "b": 6.8813735870195432})
    >>> y.backward()
    >>> round(y.data, 6), round(y.args[0].grad, 6)
    (0.707107, 0.5)
    >>> evaluate("2*x + sigmod(y)", {"x": 1, "y": 2})
    Traceback (most recent call last):
    ...
    engine.expression.ExpressionError: unknown function 'sigmod'; did you mean 'sigmoid'?
      2*x + sigmod(y)
            ^^^^^^
    """
    text, tree = _parse(text)
    leaves = {name: x if isinstance(x, Value) else Value(x, label=name) for name, x in variables.items()}
    try:
        result = _Evaluation(text, leaves, number).visit(tree)
    except RecursionError:
        raise ExpressionError("nested too deeply", text, 0, 1) from None
    return result if isinstance(result, Value) else Value(result)


def names_in(text: str) -> tuple[str, ...]:
    """Return the names that an expression needs numbers for, in the order in which they occur.

    >>> names_in("tanh(w*x + b) * pi + w")
    ('w', 'x', 'b')
    """
    text, tree = _parse(text)
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions]
    found.sort(key=lambda node: node.col_offset)
    return tuple(dict.fromkeys(node.id for node in found if node.id not in CONSTANTS))


def assignments(words: Iterable[str], number: Callable[[str], Number] = float) -> dict[str, Number]:
    """Return the variables of a command line, x=1 y=2.5 as {"x": 1.0, "y": 2.5}; commas may stand between them.

    A fraction is one for a float, too; 1+2j is a complex number.

    >>> assignments(["x=1", "y=-2.5e3", "z=1/4"])
    {'x': 1.0, 'y': -2500.0, 'z': 0.25}
    >>> assignments(["x=one"])
    Traceback (most recent call last):
    ...
    ValueError: 'x=one' gives no number to x: write x=1.5
    """
    found: dict[str, Number] = {}
    for word in (part.strip() for part in ",".join(words).split(",") if part.strip()):
        name, equals, literal = word.partition("=")
        name, literal = name.strip(), literal.strip()
        if not equals or not name.isidentifier():
            raise ValueError(f"{word!r} is no variable with its number: write x=1.5")
        if name in found:
            raise ValueError(f"{name} is given twice")
        for read in (number, lambda text: float(Fraction(text)), complex):
            try:
                found[name] = read(literal)
            except (ValueError, ArithmeticError):
                continue
            break
        else:
            raise ValueError(f"{word!r} gives no number to {name}: write {name}=1.5")
    return found


def _parse(text: str) -> tuple[str, ast.expr]:
    text = " ".join(text.split())
    if not text:
        raise ExpressionError("there is no expression", text, 0, 1)
    if len(text) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST:,} characters", f"{text[:40]}...", 0, 40)
    try:
        return text, ast.parse(text, mode="eval").body
    except SyntaxError as error:
        problem, start, end = of_syntax(text, error, {*TABLE, *SHORT_NAMES})
        raise ExpressionError(problem, text, start, min(end, len(text) + 1)) from None
    except (ValueError, RecursionError, MemoryError) as error:  # a null byte, or a thousand parentheses
        raise ExpressionError(str(error) or "nested too deeply", text, 0, 1) from None


class _Evaluation:
    """One walk over the syntax tree; anything that is not named here is refused."""

    def __init__(self, text: str, leaves: Mapping[str, Value], number: Callable[[str], Number]) -> None:
        self.text, self.leaves, self.number = text, leaves, number

    def visit(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return self._literal(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            operand = self.visit(node.operand)
            return -operand if isinstance(node.op, ast.USub) else operand
        if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
            a, b = self.visit(node.left), self.visit(node.right)
            if isinstance(node.op, ast.Pow):
                self._refuse_endless(node, a, b)
            return self._computed(node, lambda: _SIGNS[type(node.op)](a, b))
        if isinstance(node, ast.Call):
            return self._call(node)
        what: ast.AST = node.op if isinstance(node, (ast.BinOp, ast.UnaryOp)) else node
        self._fail(node, CURES.get(type(what), f"an expression cannot hold this ({type(what).__name__})"))

    def _literal(self, node: ast.Constant) -> Number:
        if isinstance(node.value, complex):
            return node.value
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            self._fail(node, "only numbers can stand here")
        written = ast.get_source_segment(self.text, node) or str(node.value)
        try:
            return self.number(written.replace("_", ""))
        except (ValueError, ArithmeticError):
            return self.number(str(node.value))  # 0x10

    def _name(self, node: ast.Name) -> Any:
        if node.id in self.leaves:
            return self.leaves[node.id]
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        if node.id in TABLE or node.id in SHORT_NAMES:
            self._fail(node, f"{node.id} is a function: write {node.id}(...)")
        known = f"; known: {', '.join(self.leaves)}" if self.leaves else ""
        self._fail(node, f"{node.id} has no number: give {node.id}=...{known}")

    def _call(self, node: ast.Call) -> Any:
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            self._fail(node, "functions take their arguments in order, as in leaky_relu(x, 0.1)")
        arguments = list(node.args)
        if isinstance(node.func, ast.Attribute):
            name = node.func.attr
            arguments.insert(0, node.func.value)
        elif isinstance(node.func, ast.Name):
            name = node.func.id
        else:
            number = isinstance(node.func, (ast.Constant, ast.BinOp))
            self._fail(node.func, f"only functions of the table can be called{'; a product needs *' * number}")
        row = TABLE.get(SHORT_NAMES.get(name, name))
        if row is None and name in (*self.leaves, *CONSTANTS):
            self._fail(node, f"{name} is a number, no function: write {name}*(...) for a product")
        if row is None:
            near = difflib.get_close_matches(name, [*TABLE, *SHORT_NAMES], n=1)
            self._fail(node.func, f"unknown function {name!r}; " + (f"did you mean {near[0]!r}?" if near else _known()))
        given = len(arguments)
        if not given or (row.arity is not None and not row.arity - len(row.defaults) <= given <= row.arity):
            wanted = "at least 1 argument" if row.arity is None else f"{row.arity} argument{'s' * (row.arity > 1)}"
            self._fail(node, f"{name} takes {wanted}, got {given}")
        values = [self.visit(argument) for argument in arguments]
        values += row.defaults[given - 1 :]
        return self._computed(node, lambda: Value.apply(row.name, *values))

    def _refuse_endless(self, node: ast.expr, a: Any, b: Any) -> None:
        """Refuse an exact power that would fill the memory, 9**9**9."""
        base, exponent = (x.data if isinstance(x, Value) else x for x in (a, b))
        if isinstance(base, (float, complex)) or isinstance(exponent, (float, complex)):
            return
        if abs(exponent) * len(str(base)) > MOST_DIGITS:
            self._fail(node, f"this power has more than {MOST_DIGITS:,} digits")

    def _computed(self, node: ast.expr, compute: Callable[[], Any]) -> Any:
        try:
            return compute()
        except (ArithmeticError, ValueError, TypeError) as error:
            from_python = isinstance(error, OverflowError) and error.args[:1] != (str(error),)  # (34, "Numerical ...")
            self._fail(node, "the result is too large for a float" if from_python else str(error))

    def _fail(self, node: ast.expr, problem: str) -> NoReturn:
        start, end = node.col_offset, node.end_col_offset or node.col_offset
        if isinstance(node, ast.BinOp) and type(node.op) not in _SIGNS:  # the sign alone is wrong
            start, end = node.left.end_col_offset or start, node.right.col_offset
        encoded = self.text.encode()  # ast counts bytes
        before, wrong = encoded[:start].decode(), encoded[start:end].decode()
        wrong = wrong.rstrip(" (")
        wrong, before = wrong.lstrip(" )"), before + wrong[: len(wrong) - len(wrong.lstrip(" )"))]
        raise ExpressionError(problem, self.text, len(before), len(before) + len(wrong))


def _known() -> str:
    return f"there are {', '.join(name for name, row in TABLE.items() if name == row.symbol)}, ..."
