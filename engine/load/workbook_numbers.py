"""Numbers as a workbook holds them, told as Excel shows them: fifteen digits, and never one more that was lost."""

from decimal import Decimal

# Excel keeps and shows fifteen digits. What it works out carries errors of the last bits behind them, as in
# 234567.8799999999 for 234567.88: where what is shown is this much shorter, nothing but the error is left off.
_DIGITS = 15
_SURE = 13
_WHOLE = 10**_DIGITS
_EXPONENT_AT_MOST = 20


def number_text(value: float) -> tuple[str, str | None, bool]:
    """The number in plain digits, the code of what is wrong with it, and whether digits behind the shown were left off."""
    if value.is_integer() and abs(value) < _WHOLE:
        return str(int(value)), None, False
    text = repr(value)
    if len(text) <= _DIGITS and "e" not in text:
        return text, None, False
    # The shortest decimal that is read back as the same number; up to fifteen digits that is what was typed.
    exact = Decimal(text).normalize()
    if exact.adjusted() >= _DIGITS:
        return _plain(exact) if exact.adjusted() < _EXPONENT_AT_MOST else repr(value), "D113", False
    if len(exact.as_tuple().digits) <= _DIGITS:
        return (_plain(exact), None, False) if exact.adjusted() > -_EXPONENT_AT_MOST else (repr(value), "D112", False)
    shown = Decimal(f"{value:.{_DIGITS - 1}e}").normalize()
    if len(shown.as_tuple().digits) <= _SURE:
        return _plain(shown), None, True
    return _plain(exact) if exact.adjusted() > -_EXPONENT_AT_MOST else repr(value), "D112", False


def _plain(number: Decimal) -> str:
    return f"{number:f}"
