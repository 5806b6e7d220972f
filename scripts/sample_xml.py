"""Cuts official XML files down to the codes of the sample, line by line.

Whole elements are left out and nothing else: what remains is the official bytes, in their
order, with their indentation and line ends. Only the counts of ICD-10-PCS tables are adapted.
Every function checks what it returns.
"""

import itertools
from xml.parsers import expat

S06_PROSE = "7th characters D and S do not apply to codes in category S06"


class XmlError(Exception):
    """An official file is not as expected."""


class Element:
    """An element with its place in the bytes: start of its start tag, end of its end tag."""

    __slots__ = ("attributes", "children", "end", "name", "start", "text")

    def __init__(self, name, attributes, start):
        self.name = name
        self.attributes = attributes
        self.start = start
        self.end = None
        self.children = []
        self.text = ""

    def all(self, name):
        """The children of a name."""
        return [child for child in self.children if child.name == name]

    def value(self, name):
        """The text of the only child of a name."""
        (child,) = self.all(name)
        return child.text.strip()

    def walk(self):
        """The element and everything below it, in the order of the file."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse(data):
    """The root element of a file."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top = Element("", {}, 0)
    path = [top]

    def start(name, attributes):
        element = Element(name, attributes, parser.CurrentByteIndex)
        path[-1].children.append(element)
        path.append(element)

    def end(_name):
        path.pop().end = data.index(b">", parser.CurrentByteIndex) + 1

    def text(value):
        path[-1].text += value

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.Parse(data, True)
    (root,) = top.children
    return root


def whole_lines(data, element):
    """The bytes of an element, from the start of its first line to the end of its last one."""
    start = data.rindex(b"\n", 0, element.start) + 1
    end = data.index(b"\n", element.end) + 1
    if data[start : element.start].strip() or data[element.end : end].strip():
        raise XmlError(f"<{element.name}> at byte {element.start} shares a line with another")
    return start, end


def edited(data, edits):
    """The bytes with some spans replaced."""
    parts, at = [], 0
    for start, end, replacement in sorted(edits):
        if start < at:
            raise XmlError("two edits overlap")
        parts += [data[at:start], replacement]
        at = end
    return b"".join([*parts, data[at:]])


def without(data, elements):
    """The bytes without some elements, none of which holds another."""
    result = edited(data, [(*whole_lines(data, element), b"") for element in elements])
    lines = iter(data.splitlines(keepends=True))
    if not all(line in lines for line in result.splitlines(keepends=True)):
        raise XmlError("the cut holds lines that the file does not have")
    return result


def undotted(code):
    """A code without its dot."""
    return code.replace(".", "")


# Tabular list


def diags(element):
    """Every diag below an element, in the order of the file."""
    return [child for child in element.walk() if child.name == "diag"]


def expand(root):
    """The rows (code, billable) that a tabular list stands for."""
    s06 = next((d for d in diags(root) if d.value("name") == "S06"), None)
    prose = s06 is not None and any(
        note.text.startswith(S06_PROSE) for notes in s06.all("notes") for note in notes.all("note")
    )
    rows = []

    def visit(diag, inherited):
        definitions = diag.all("sevenChrDef")
        if definitions:
            inherited = [e.attributes["char"] for e in definitions[0].all("extension")]
        code = undotted(diag.value("name"))
        children = diag.all("diag")
        seventh = inherited if not children and len(code) < 7 else []
        rows.append((code, not children and not seventh))
        stem = code.ljust(6, "X")
        for char in seventh:
            exempt = prose and stem.startswith("S06") and stem[5] in "78" and char in "DS"
            if not exempt:
                rows.append((stem + char, True))
        for child in children:
            visit(child, inherited)

    for chapter in root.all("chapter"):
        for section in chapter.all("section"):
            for diag in section.all("diag"):
                visit(diag, [])
    return rows


def cut_tabular(data, rows):
    """A tabular list cut to the rows (code, billable) of an order file, which it gives exactly.

    Chapters, blocks and the chapters' own indexes of blocks stay where codes of theirs stay; so
    do the blocks without codes of their own that span them. Of the introduction the first
    instruction stays.
    """
    root = parse(data)
    codes = {code for code, _ in rows}
    categories = [
        diag.value("name")
        for chapter in root.all("chapter")
        for section in chapter.all("section")
        for diag in section.all("diag")
    ]
    place = {category: at for at, category in enumerate(categories)}
    held = sorted(place[code] for code in codes if len(code) == 3)
    dropped = []

    def visit(diag):
        if undotted(diag.value("name")) not in codes:
            dropped.append(diag)
        else:
            for child in diag.all("diag"):
                visit(child)

    def spans_held(section):
        first, last = section.attributes["id"].split("-")
        return any(place[first] <= at <= place[last] for at in held)

    (introduction,) = root.all("introduction")
    sections = introduction.all("introSection")
    types = [section.attributes["type"] for section in sections]
    dropped += sections[types.index("instruction") + 1 :]
    for chapter in root.all("chapter"):
        kept = []
        for section in chapter.all("section"):
            own = [undotted(diag.value("name")) for diag in section.all("diag")]
            if codes.intersection(own) if own else spans_held(section):
                kept.append(section)
        if not kept:
            dropped.append(chapter)
            continue
        dropped += [section for section in chapter.all("section") if section not in kept]
        ids = {section.attributes["id"] for section in kept}
        (index,) = chapter.all("sectionIndex")
        dropped += [ref for ref in index.all("sectionRef") if ref.attributes["id"] not in ids]
        for section in kept:
            for diag in section.all("diag"):
                visit(diag)
    result = without(data, dropped)
    if expand(parse(result)) != rows:
        raise XmlError("the cut tabular list does not give the rows of the order file")
    return result



# Indexes, drug table, neoplasm table


def leads_to(term, codes):
    """Whether a term itself, not one below it, names a code or a level of the sample."""
    named = (child.text for child in term.children if child.name in ("code", "manif", "cell"))
    return any(undotted(code).rstrip("-").strip() in codes for code in named)


def cut_index(data, codes):
    """An index or table cut to the terms that lead to some codes, with the terms above them."""
    root = parse(data)
    dropped = []

    def visit(term):
        """Whether a term stays; what is dropped below it is noted."""
        below = [(child, visit(child)) for child in term.all("term")]
        if not leads_to(term, codes) and not any(stays for _, stays in below):
            return False
        dropped.extend(child for child, stays in below if not stays)
        return True

    for letter in root.all("letter"):
        terms = [(term, visit(term)) for term in letter.all("mainTerm")]
        if any(stays for _, stays in terms):
            dropped += [term for term, stays in terms if not stays]
        else:
            dropped.append(letter)
    # A dropped term may hold others that were noted before it.
    inside = {id(below) for element in dropped for below in element.walk() if below is not element}
    result = without(data, [element for element in dropped if id(element) not in inside])
    for element in parse(result).walk():
        if element.name in ("mainTerm", "term") and not element.all("term"):
            if not leads_to(element, codes):
                raise XmlError("a term of the cut leads to no code of the sample")
    return result



# ICD-10-PCS


def codes_of_row(prefix, row):
    """The codes of a row of a table: the product of its labels."""
    labels = [[label.attributes["code"] for label in axis.all("label")] for axis in row.all("axis")]
    return [prefix + "".join(rest) for rest in itertools.product(*labels)]


def table_prefix(table):
    """The first three characters of a table."""
    return "".join(axis.all("label")[0].attributes["code"] for axis in table.all("axis"))


def codes_of_tables(data):
    """Every code that the tables build; their counts are checked."""
    codes = []
    for table in parse(data).all("pcsTable"):
        prefix = table_prefix(table)
        for row in table.all("pcsRow"):
            built = codes_of_row(prefix, row)
            if len(built) != int(row.attributes["codes"]):
                raise XmlError(f"table {prefix}: a row of {len(built)} codes states another count")
            codes += built
        for axis in (e for e in table.walk() if e.name == "axis"):
            if len(axis.all("label")) != int(axis.attributes["values"]):
                raise XmlError(f"table {prefix}: an axis states another number of values")
    return codes


def cut_pcs_tables(data, codes):
    """The tables cut to some codes, which they build exactly: tables, rows and labels are left out."""
    root = parse(data)
    dropped, counts = [], []

    def recount(element, key, value):
        start = data.index(f'{key}="'.encode(), element.start) + len(key) + 2
        counts.append((start, data.index(b'"', start), str(value).encode()))

    for table in root.all("pcsTable"):
        prefix = table_prefix(table)
        rows = []
        for row in table.all("pcsRow"):
            kept = [code for code in codes_of_row(prefix, row) if code in codes]
            rows.append((row, kept))
        if not any(kept for _, kept in rows):
            dropped.append(table)
            continue
        for row, kept in rows:
            if not kept:
                dropped.append(row)
                continue
            recount(row, "codes", len(kept))
            for at, axis in enumerate(row.all("axis"), 3):
                wanted = {code[at] for code in kept}
                recount(axis, "values", len(wanted))
                for label in axis.all("label"):
                    if label.attributes["code"] not in wanted:
                        dropped.append(label)
    without(data, dropped)  # proves that whole lines go
    result = edited(data, counts + [(*whole_lines(data, element), b"") for element in dropped])
    built = codes_of_tables(result)
    if len(built) != len(set(built)) or set(built) != set(codes):
        raise XmlError("the cut tables do not build the codes of the order file")
    return result


def cut_pcs_definitions(data, tables):
    """The definitions cut to the values that some tables use, by section, axis and title."""
    used = set()
    for table in parse(tables).all("pcsTable"):
        section = table_prefix(table)[0]
        for axis in (e for e in table.walk() if e.name == "axis"):
            used |= {(section, axis.attributes["pos"], label.text) for label in axis.all("label")}
    root = parse(data)
    dropped = []
    for section in root.all("section"):
        kept_axes = 0
        dropped_here = []
        for axis in section.all("axis"):
            key = (section.attributes["code"], axis.attributes["pos"])
            stays = [
                any((*key, title.text) in used for title in terms.all("title"))
                for terms in axis.all("terms")
            ]
            if any(stays):
                kept_axes += 1
                dropped_here += [t for t, stay in zip(axis.all("terms"), stays) if not stay]
            else:
                dropped_here.append(axis)
        dropped += dropped_here if kept_axes else [section]
    dropped += root.all("deviceAggregation")
    return without(data, dropped)


def leads_to_procedures(term, codes, names):
    """Whether a term itself, not one below it, names the beginning of one of some codes, or only one of some terms."""
    for child in term.children:
        if child.name in ("code", "codes", "tab") and any(code.startswith(child.text) for code in codes):
            return True
        if child.name in ("see", "use"):
            pointers = [below.text for below in child.children if below.name in ("code", "codes", "tab")]
            if any(code.startswith(pointer) for pointer in pointers for code in codes):
                return True
            if not pointers and child.text.strip() in names:
                return True
    return False


def cut_pcs_index(data, codes, names):
    """The index of ICD-10-PCS cut to some main terms, and of these to what leads to some codes or to each other."""
    root = parse(data)
    dropped = []

    def visit(term):
        """Whether a term stays; what is dropped below it is noted."""
        below = [(child, visit(child)) for child in term.all("term")]
        if not leads_to_procedures(term, codes, names) and not any(stays for _, stays in below):
            return False
        dropped.extend(child for child, stays in below if not stays)
        return True

    for letter in root.all("letter"):
        terms = [
            (term, term.all("title")[0].text in names and visit(term)) for term in letter.all("mainTerm")
        ]
        if any(stays for _, stays in terms):
            dropped += [term for term, stays in terms if not stays]
        else:
            dropped.append(letter)
    # A dropped term may hold others that were noted before it.
    inside = {id(below) for element in dropped for below in element.walk() if below is not element}
    result = without(data, [element for element in dropped if id(element) not in inside])
    held = {term.all("title")[0].text for letter in parse(result).all("letter") for term in letter.all("mainTerm")}
    if held != set(names):
        raise XmlError(f"the index lacks main terms: {sorted(set(names) - held)}")
    return result


def count_named(data, name):
    """How many elements of a name there are."""
    return sum(element.name == name for element in parse(data).walk())
