import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Value
from engine.expression import ExpressionError, assignments, evaluate, names_in


def mistake(text: str, **variables: float) -> tuple[str, str]:
    """Return the problem, and what the caret points at."""
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, variables)
    problem, shown, carets = str(caught.value).split("\n")
    start, end = carets.index("^"), carets.rindex("^") + 1
    assert set(carets[start:end]) == {"^"}
    return problem, shown[start:end]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tanh(w*x + b)", math.tanh(-3.0 * 2.0 + 6.5)),
        ("(w*x + b).tanh()", math.tanh(-3.0 * 2.0 + 6.5)),
        ("-x**2 / 4 - +b", -1.0 - 6.5),
        ("leaky_relu(w)", -0.03),
        ("leaky_relu(w, 0.5)", -1.5),
        ("max(x, 7) + min(x, 7)", 9.0),
        ("sum(x, w, b)", 5.5),
        ("sin(pi/2) + log(e)", 2.0),
        ("1_000 * 1e-3 + 0x10", 17.0),
        ("\n  x\n * x ", 4.0),
    ],
)
def test_an_expression_is_what_python_would_make_of_it(text: str, value: float) -> None:
    assert evaluate(text, {"w": -3.0, "x": 2.0, "b": 6.5}).data == pytest.approx(value, rel=1e-15)


def test_its_leaves_carry_their_names_and_a_value_stands_for_itself() -> None:
    w = Value(3.0)
    y = evaluate("w * x", {"w": w, "x": 2.0})
    assert y.args[0] is w
    assert y.args[1].label == "x"


def test_without_a_variable_it_is_a_value_all_the_same() -> None:
    assert evaluate("1 + 2 * 3", {}).data == 7.0


def test_exact_numbers_stay_exact() -> None:
    y = evaluate("x/3 + 0.1", {"x": Fraction(1)}, Fraction)
    y.backward()
    assert y.data == Fraction(13, 30)


@pytest.mark.parametrize(
    ("text", "problem", "under"),
    [
        ("2*x + sigmod(x)", "unknown function 'sigmod'; did you mean 'sigmoid'?", "sigmod"),
        ("x + yy * 2", "yy has no number: give yy=...; known: x", "yy"),
        ("x^2", "^ is no power here: write **", "^"),
        ("(x) // (2 + x)", "// has no derivative: write /", "//"),
        ("tanh", "tanh is a function: write tanh(...)", "tanh"),
        ("1 + atan2(x)", "atan2 takes 2 arguments, got 1", "atan2(x)"),
        ("x.data", "only functions of the table can follow a point, as in x.tanh()", "x.data"),
        ("x.__class__()", "unknown function '__class__'; there are", "x.__class__"),
        ("1 + log(0 - x)", "log needs a positive number, got -1.0", "log(0 - x)"),
        ("x/0", "div needs a denominator other than 0", "x/0"),
        ("2 if x else 3", "an expression has no branches", "2 if x else 3"),
        ("x < 2", "a comparison has no derivative", "x < 2"),
        ("x * 'a'", "only numbers can stand here", "'a'"),
        ("True", "only numbers can stand here", "True"),
        ("tanh(x=2)", "functions take their arguments in order", "tanh(x=2)"),
        ("(lambda: 1)()", "only functions of the table can be called", "lambda: 1"),
        ("[x, x]", "an expression holds single numbers, no lists", "[x, x]"),
        ("1,5 * x", "a comma can only stand between the arguments", "1,5 * x"),
        ("not x", "not has no derivative", "not x"),
        ("{x}", "an expression cannot hold this (Set)", "{x}"),
        ("x(x + 1)", "x is a number, no function: write x*(...) for a product", "x(x + 1)"),
        ("2(x + 1)", "only functions of the table can be called; a product needs *", "2"),
        ("λé*x", "λé has no number", "λé"),
        ("9.0**9**9", "the result is too large for a float", "9.0**9**9"),
        ("exp(1000*x)", "exp(1000.0) is too large for a float", "exp(1000*x)"),
    ],
)
def test_a_mistake_is_named_with_a_caret_under_it(text: str, problem: str, under: str) -> None:
    said, shown = mistake(text, x=1.0)
    assert said.startswith(problem)
    assert shown == under


def test_a_mistake_of_syntax_is_shown_where_python_sees_it() -> None:
    assert mistake("x * )", x=1.0) == ("unmatched ')'", ")")
    assert mistake("2x", x=1.0)[0] == "a number runs into a name: write 2*x, not 2x"
    with pytest.raises(ExpressionError, match="there is no expression"):
        evaluate("  ", {})


@pytest.mark.parametrize(
    ("text", "problem", "under"),
    [
        ("sin x", "a function takes parentheses: write sin(...)", "sin x"),
        ("2 x", "a sign is missing before x: write * for a product", "x"),
        ("x**2 sin(x)", "a sign is missing before sin: write * for a product", "sin"),
        ("tanh(x w)", "a sign is missing before w: write * for a product", "w"),
        ("x = 3", "numbers for names stand behind the expression, as x=1.5", "="),
        ("x\N{SUPERSCRIPT TWO}", "\N{SUPERSCRIPT TWO} cannot be read: write **2", "\N{SUPERSCRIPT TWO}"),
        ("x $ w", "this cannot be read as an expression", "$"),
        ("x if", "this cannot be read as an expression", "x"),
    ],
)
def test_a_mistake_of_syntax_says_what_was_probably_meant(text: str, problem: str, under: str) -> None:
    assert mistake(text, x=1.0, w=2.0) == (problem, under)


def test_where_an_operand_is_missing_the_caret_stands_after_the_end() -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("x +", {"x": 1.0})
    assert str(caught.value) == "a number or a name is missing at the end\n  x +\n     ^"


@pytest.mark.parametrize("text", ["(" * 5000, "-" * 9000 + "x", "x" * 20_000, "x\0", "+".join(["x"] * 4000)])
def test_an_endless_expression_is_refused_or_computed_but_never_a_crash(text: str) -> None:
    try:
        assert evaluate(text, {"x": 1.0}).data
    except ExpressionError:
        assert len(text) > 4000 or "\0" in text


def test_an_exact_power_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(ExpressionError, match="this power has more than 100,000 digits"):
        evaluate("9**9**9", {}, Fraction)


@given(st.text(alphabet="xw0123456789.+-*/()^ ,[]{}'\"=<>!:;_@\\", max_size=30))
def test_any_text_is_a_value_or_an_expression_error(text: str) -> None:
    try:
        evaluate(text, {"x": 0.5, "w": -2.0})
    except ExpressionError:
        pass


def test_numbers_for_names_may_be_fractions_and_complex_and_have_commas_between_them() -> None:
    assert assignments(["x=1/4, y=2,", "z=1+2j"]) == {"x": 0.25, "y": 2.0, "z": 1 + 2j}
    assert assignments(["x=1/3"], Fraction) == {"x": Fraction(1, 3)}


def test_names_come_in_their_order_without_functions_and_constants() -> None:
    assert names_in("tanh(b*a) + x.relu() + pi + a") == ("b", "a", "x")


@pytest.mark.parametrize(
    ("word", "problem"),
    [("x", "is no variable"), ("2=x", "is no variable"), ("x=", "gives no number to x"), ("x=1/0", "no number to x")],
)
def test_a_variable_without_a_number_is_refused_with_the_way_to_write_it(word: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        assignments([word], Fraction)
    with pytest.raises(ValueError, match="x is given twice"):
        assignments(["x=1", "x=2"])
