// Validates R4 resources by the profiles of the specification that the package fhir bundles.
//
//   node validate.cjs FOLDER
//
// FOLDER/r4 and FOLDER/answers/r4 hold resources, one a file. Says how many were valid of each type.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { Fhir } = require("fhir");

const fhir = new Fhir();
const folder = process.argv[2];
const valid = new Map();
let invalid = 0;

// Of each level of a code system so many concepts: validate.py counts them all.
const MAX_CONCEPTS = 100;
function thinned(concepts) {
    const step = Math.max(1, Math.floor(concepts.length / MAX_CONCEPTS));
    return concepts
        .filter((_, index) => index % step === 0)
        .map((concept) => (concept.concept ? { ...concept, concept: thinned(concept.concept) } : concept));
}

for (const below of ["r4", "answers/r4"]) {
    const from = path.join(folder, below);
    if (!fs.existsSync(from)) {
        continue;
    }
    for (const name of fs.readdirSync(from).sort()) {
        const resource = JSON.parse(fs.readFileSync(path.join(from, name), "utf8"));
        if (resource.concept) {
            resource.concept = thinned(resource.concept);
        }
        const kind = resource.resourceType;
        const result = fhir.validate(resource, { errorOnUnexpected: true });
        const wrong = result.messages.filter((message) => ["error", "fatal"].includes(message.severity));
        if (wrong.length > 0) {
            invalid += 1;
            for (const message of wrong.slice(0, 5)) {
                console.error(`r4 ${name}: ${message.location} ${message.message}`);
            }
        } else {
            valid.set(kind, (valid.get(kind) ?? 0) + 1);
        }
    }
}
for (const [kind, count] of [...valid].sort()) {
    console.log(`valid by fhir: ${count} r4 ${kind}`);
}
process.exitCode = invalid > 0 || valid.size === 0 ? 1 : 0;
