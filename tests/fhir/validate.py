"""Validates FHIR resources with the models of fhir.resources: R5, and R4B for R4.

    python validate.py FOLDER

FOLDER/r4 and FOLDER/r5 hold resources, one a file; FOLDER/answers/r4 and r5 hold answers of a server. A code system
is held to its own count as well, and no code may come twice in it. Says how many were valid of each type.
"""

import collections
import importlib
import json
import pathlib
import sys

MODULES = {"r4": "fhir.resources.R4B", "r5": "fhir.resources"}
# A model of a hundred thousand concepts takes minutes: of each level, and of the rows of a map, this many or some
# more are validated in the model, and all concepts are counted and looked at one by one.
MAX_CONCEPTS = 100


def walk(concepts):
    stack = list(reversed(concepts))
    while stack:
        concept = stack.pop()
        yield concept
        stack.extend(reversed(concept.get("concept", ())))


def look_at_concepts(resource):
    """Says what is wrong with the concepts of a code system."""
    seen = set()
    for concept in walk(resource.get("concept", ())):
        unknown = set(concept) - {"code", "display", "designation", "property", "concept"}
        if unknown:
            yield f"{concept.get('code')}: unknown {sorted(unknown)}"
        if not concept.get("display", "").strip():
            yield f"{concept.get('code')}: no display"
        if concept["code"] in seen:
            yield f"{concept['code']}: twice"
        seen.add(concept["code"])
    if resource.get("content") != "not-present" and resource["count"] != len(seen):
        yield f"count is {resource['count']}, and there are {len(seen)} concepts"


def thinned(concepts):
    """Gives some of the concepts of each level, evenly."""
    step = max(1, len(concepts) // MAX_CONCEPTS)
    return [
        {**concept, "concept": thinned(concept["concept"])} if "concept" in concept else concept
        for concept in concepts[::step]
    ]


def main():
    folder = pathlib.Path(sys.argv[1])
    valid, invalid = collections.Counter(), 0
    concepts = 0
    for version, module in MODULES.items():
        files = [*(folder / version).glob("*.json"), *(folder / "answers" / version).glob("*.json")]
        for path in sorted(files):
            resource = json.loads(path.read_text())
            kind = resource["resourceType"]
            wrong = []
            if kind == "CodeSystem":
                concepts += resource["count"] if "concept" in resource else 0
                wrong.extend(look_at_concepts(resource))
                if "concept" in resource:
                    resource["concept"] = thinned(resource["concept"])
            for group in resource.get("group", ()):
                group["element"] = thinned(group["element"])
            model = getattr(importlib.import_module(f"{module}.{kind.lower()}"), kind)
            try:
                model.model_validate(resource)
            except Exception as error:  # The kinds of errors are those of the library.
                wrong.append(str(error))
            for text in wrong[:5]:
                invalid += 1
                print(f"{version} {path.name}: {text[:2000]}", file=sys.stderr)
            if not wrong:
                valid[f"{version} {kind}"] += 1
    for name, count in sorted(valid.items()):
        print(f"valid by fhir.resources: {count} {name}")
    print(f"{concepts} concepts counted, each code once")
    if not valid:
        sys.exit("nothing was validated")
    sys.exit(1 if invalid else 0)


main()
