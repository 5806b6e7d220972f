"""Cuts official conversion tables and lists of POA-exempt codes down to the codes of the sample.

Rows are taken or left, never changed. A workbook is written anew, with the cells as they are and
nothing but what a reader of cells needs; the same cells always give the same bytes.
"""

import csv
import io
import re
import zipfile
from xml.etree import ElementTree
from xml.sax.saxutils import escape

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
DATE_FORMATS = {14}
HEADER = "Current code assignment"


class TableError(Exception):
    """An official file is not as expected."""


def codes_named(text):
    """The codes in the text of a cell, without dots."""
    found = re.findall(r"\b[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?\b", text)
    return {code.replace(".", "") for code in found}


# POA-exempt lists


def cut_poa(data, codes):
    """A list of POA-exempt codes cut to some codes: the header line and the rows as they are."""
    header, *lines = data.decode("ascii").splitlines(keepends=True)
    kept = [header]
    for line in lines:
        _, code, title = line.rstrip("\r\n").split("\t")
        if (title[0] == '"') != ("," in title):
            raise TableError(f"{code}: quotes without a comma, or a comma without quotes")
        if code.strip().replace(".", "") in codes:
            kept.append(line)
    result = "".join(kept)
    if len(kept) == 1 or result.count("\n") != result.count("\r\n"):
        raise TableError("a POA-exempt list without rows, or a line that does not end in CRLF")
    return result.encode("ascii")


def poa_codes(data):
    """The codes of a list, without dots."""
    lines = data.decode("ascii").splitlines()[1:]
    return {line.split("\t")[1].strip().replace(".", "") for line in lines}


# Conversion tables


def is_kept(cells, codes):
    """Whether the codes of a row, current and previous, are all among some codes.

    With a previous code that is not in the sample a row would say of it that it never was billable.
    """
    return codes_named(cells[0]) | codes_named(cells[2]) <= codes


def cut_conversion_csv(data, codes):
    """A conversion table in CSV cut to some codes, and its rows: prose, header and rows as they are."""
    start = data.index(HEADER.encode())
    start = data.index(b"\r\n", start) + 2
    lines, kept = [data[:start]], []
    for line in data[start:].splitlines(keepends=True):
        (cells,) = csv.reader(io.StringIO(line.decode("ascii")))
        if len(cells) != 3:
            raise TableError(f"a row of {len(cells)} cells")
        if is_kept(cells, codes):
            lines.append(line)
            kept.append([("text", cell) for cell in cells])
    return b"".join(lines), kept


def read_workbook(data):
    """The name of the only sheet of a workbook and its rows; a cell is (type, value) or None.

    The type is "text", "number" or "date"; the value of a date is its serial number.
    """
    archive = zipfile.ZipFile(io.BytesIO(data))

    def part(name):
        return ElementTree.fromstring(archive.read(name))

    strings = []
    if "xl/sharedStrings.xml" in archive.namelist():
        strings = [
            "".join(text.text or "" for text in item.iter(f"{MAIN}t"))
            for item in part("xl/sharedStrings.xml").iter(f"{MAIN}si")
        ]
    styles = part("xl/styles.xml")
    dates = DATE_FORMATS | {
        int(one.get("numFmtId"))
        for one in styles.iter(f"{MAIN}numFmt")
        if re.search("[dy]", one.get("formatCode"))
    }
    formats = [int(xf.get("numFmtId")) for xf in styles.find(f"{MAIN}cellXfs")]
    (sheet,) = part("xl/workbook.xml").iter(f"{MAIN}sheet")
    rows = []
    for row in part("xl/worksheets/sheet1.xml").iter(f"{MAIN}row"):
        cells = [None] * 3
        for cell in row:
            value = cell.find(f"{MAIN}v")
            inline = cell.find(f"{MAIN}is/{MAIN}t")
            if value is None and inline is None:
                continue
            at = "ABC".index(cell.get("r").rstrip("0123456789"))
            if cell.get("t") == "s":
                cells[at] = ("text", strings[int(value.text)])
            elif cell.get("t") == "inlineStr":
                cells[at] = ("text", inline.text)
            elif cell.get("t") is None:
                is_date = formats[int(cell.get("s", "0"))] in dates
                cells[at] = ("date" if is_date else "number", value.text)
            else:
                raise TableError(f"cell {cell.get('r')} is of another type")
        rows.append(cells)
    return sheet.get("name"), rows


def read_cells(data):
    """The rows of the only sheet of a workbook, each as text by the letters of its column."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    strings = [
        "".join(text.text or "" for text in item.iter(f"{MAIN}t"))
        for item in ElementTree.fromstring(archive.read("xl/sharedStrings.xml")).iter(f"{MAIN}si")
    ]
    for row in ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml")).iter(f"{MAIN}row"):
        cells = {}
        for cell in row:
            value = cell.find(f"{MAIN}v")
            if value is not None:
                text = strings[int(value.text)] if cell.get("t") == "s" else value.text
                cells[cell.get("r").rstrip("0123456789")] = text
        yield cells


def cell_xml(reference, cell):
    kind, value = cell
    if kind == "text":
        return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    style = ' s="1"' if kind == "date" else ""
    return f'<c r="{reference}"{style}><v>{value}</v></c>'


def write_workbook(name, rows):
    """A workbook of one sheet; its first cell spans three columns, as in the official one."""
    lines = []
    for number, cells in enumerate(rows, 1):
        written = "".join(
            cell_xml(f"{column}{number}", cell) for column, cell in zip("ABC", cells) if cell
        )
        lines.append(f'<row r="{number}">{written}</row>')
    namespace = MAIN.strip("{}")
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{SPREADSHEET}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{SPREADSHEET}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{SPREADSHEET}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{RELATIONSHIPS}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{namespace}" xmlns:r="{RELATIONSHIPS}">'
        f'<sheets><sheet name="{escape(name)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{RELATIONSHIPS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{RELATIONSHIPS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{namespace}">'
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="mm/dd/yy;@"/></numFmts>'
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
        "</styleSheet>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{namespace}">'
        f'<dimension ref="A1:C{len(rows)}"/><sheetData>{"".join(lines)}</sheetData>'
        '<mergeCells count="1"><mergeCell ref="A1:C1"/></mergeCells></worksheet>',
    }
    out = io.BytesIO()
    # Stored, not deflated: two versions of zlib may deflate to other bytes.
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path, text in parts.items():
            info = zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 0
            info.external_attr = 0
            archive.writestr(info, DECLARATION + text)
    return out.getvalue()


def cut_conversion_workbook(data, codes):
    """A conversion table as a workbook cut to some codes, and its rows without the first two."""
    name, (prose, header, *rows) = read_workbook(data)
    if header[0] != ("text", HEADER):
        raise TableError("the second row is not the header")
    kept = []
    for row in rows:
        if all(row) and is_kept([value for _, value in row], codes):
            kept.append(row)
    cut = [prose, header, *kept]
    data = write_workbook(name, cut)
    if read_workbook(data) != (name, cut):
        raise TableError("the workbook does not read as it was written")
    return data, kept
