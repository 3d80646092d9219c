"""As much MEL as flags, callbacks and scripts of a farm use: commands with flags, strings, `python("…")`."""

import re

from . import maya_scene


class MelError(RuntimeError):
    """What MEL reports, without the `Error: ` in front."""


_TOKEN = re.compile(r'\s+|//[^\n]*|/\*.*?\*/|"((?:[^"\\]|\\.)*)"|([;(),{}`=])|([^\s";(),{}`=]+)', re.S)


def statements(text):
    """Statements as lists of (word, was_quoted); parentheses and commas count as spaces."""
    words, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise MelError("Syntax error")
        at = found.end()
        quoted, mark, bare = found.groups()
        if mark == ";":
            if words:
                yield words
            words = []
        elif mark == "=":
            words.append(("=", False))
        elif quoted is not None:
            words.append((maya_scene.unescape(quoted), True))
        elif bare is not None:
            words.append((bare, False))
    if words:
        yield words


def quote(text):
    """A Python string as a MEL string."""
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


_PROCEDURE = re.compile(r"(?:global\s+)?proc\s+(?:(?:string|int|float|vector)(?:\s*\[\])?\s+)?(\w+)\s*\([^)]*\)\s*\{")


def _take_procedures(text, procedures):
    """Learns the text's own procedures, which take no notice of arguments; the rest of the text."""
    while True:
        found = _PROCEDURE.search(text)
        if not found:
            return text
        depth, at = 1, found.end()
        while depth:
            mark = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]', re.S).search(text, at)
            if not mark:
                raise MelError("Syntax error")
            depth += {"{": 1, "}": -1}.get(mark.group(0), 0)
            at = mark.end()
        body = text[found.end() : at - 1]
        procedures[found.group(1)] = lambda words, body=body: evaluate(body, procedures)
        text = text[: found.start()] + text[at:]


def evaluate(text, procedures, line=1):
    """Runs the text; the last statement's value. `procedures` maps names to functions of a statement's words."""
    value = None
    for words in statements(_take_procedures(text, procedures)):
        if words[0][0].startswith("$") or words[0][0] in ("string", "int", "float", "global", "catch"):
            words = _behind_assignment(words)
            if not words:
                continue
        name = words[0][0]
        procedure = procedures.get(name)
        if procedure is None:
            raise MelError('line %d: Cannot find procedure "%s".' % (line, name))
        value = procedure(words[1:])
    return value


def _behind_assignment(words):
    """What a variable is set to, where that is a command; declarations and plain values do nothing here."""
    if words[0][0] == "catch":
        return words[1:]
    at = [index for index, word in enumerate(words) if word == ("=", False)]
    rest = words[at[0] + 1 :] if at else []
    return [] if not rest or rest[0][1] or rest[0][0].startswith("$") or _plain(rest[0][0]) else rest


def _plain(word):
    return not isinstance(maya_scene.to_value(word), str)


def flags_of(words, known):
    """Splits a command's words into arguments and flags. `known` maps flag names to how many words each takes; those
    that it does not name are an error, as in Maya."""
    arguments, flags, at = [], {}, 0
    while at < len(words):
        word, quoted = words[at]
        if not quoted and re.match(r"-[A-Za-z]", word):
            name = word[1:]
            if name not in known:
                raise MelError("Invalid flag '%s'" % word)
            count = known[name]
            values = [_value(entry) for entry in words[at + 1 : at + 1 + count]]
            if len(values) < count:
                raise MelError("Flag '%s' must be passed %d arguments" % (word, count))
            flags[name] = True if count == 0 else values[0] if count == 1 else tuple(values)
            at += 1 + count
        else:
            arguments.append(_value(words[at]))
            at += 1
    return arguments, flags


def _value(entry):
    word, quoted = entry
    return word if quoted else maya_scene.to_value(word)
