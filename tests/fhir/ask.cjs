// Asks a running server as a client does that knows nothing of codeyear, checks what it says of codes that changed,
// and keeps every answer to be validated.
//
//   node ask.cjs BASE FOLDER MODULES
//
// MODULES is the folder node_modules with fhir-kit-client. BASE/r4 and BASE/r5 are asked; answers go to FOLDER/r4 and FOLDER/r5. Codes, days and titles are those of the
// official releases, and are in the bundled sample.
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");

const [base, folder, modules] = process.argv.slice(2);
const CM = "http://hl7.org/fhir/sid/icd-10-cm";
const PCS = "http://www.cms.gov/Medicare/Coding/ICD10";

const parameters = (values) => ({
    resourceType: "Parameters",
    parameter: Object.entries(values).map(([name, [type, value]]) => ({ name, [type]: value })),
});
const value = (resource, name) => {
    const found = (resource.parameter ?? []).find((parameter) => parameter.name === name);
    const key = Object.keys(found ?? {}).find((key) => key.startsWith("value"));
    return key ? found[key] : undefined;
};

async function main() {
    const { Client } = await import(path.resolve(modules, "fhir-kit-client/dist/index.js"));
    let asked = 0;
    let failed = 0;
    for (const version of ["r4", "r5"]) {
        const client = new Client({ baseUrl: `${base}/${version}` });
        const kept = path.join(folder, version);
        fs.mkdirSync(kept, { recursive: true });
        const operation = (name, resourceType, input, method = "GET", id = undefined) =>
            client.operation({ name, resourceType, id, input, method });
        const post = (name, kind, input) => operation(name, kind, parameters(input), "POST");
        const isR5 = version === "r5";
        const cases = {
            capability: [() => client.capabilityStatement(), (it) => assert.equal(it.fhirVersion, isR5 ? "5.0.0" : "4.0.1")],
            terminology: [() => client.request("metadata?mode=terminology"), (it) => assert.ok(it.codeSystem.length === 2)],
            read: [() => client.read({ resourceType: "CodeSystem", id: "icd-10-cm-2026-04" }), (it) => assert.equal(it.version, "2026-04")],
            search: [
                () => client.search({ resourceType: "CodeSystem", searchParams: { url: CM, version: "2026" } }),
                (it) => assert.equal(it.total, 1),
            ],
            "search-sets": [() => client.search({ resourceType: "ValueSet" }), (it) => assert.equal(it.total, 2)],
            "search-maps": [() => client.search({ resourceType: "ConceptMap" }), (it) => assert.ok(it.total > 0)],
            set: [() => client.read({ resourceType: "ValueSet", id: "icd-10-cm" }), (it) => assert.equal(it.url, `${CM}?fhir_vs`)],
            map: [
                () => client.read({ resourceType: "ConceptMap", id: "icd-10-cm-from-2021-10-01" }),
                (it) => assert.ok(it.group[0].element.some((element) => element.code === "M54.5")),
            ],
            lookup: [
                () => operation("lookup", "CodeSystem", { system: CM, code: "M54.5", date: "2021-09-30" }),
                (it) => assert.equal(value(it, "display"), "Low back pain"),
            ],
            "lookup-header": [
                () => operation("lookup", "CodeSystem", { system: CM, code: "M54.5", date: "2021-10-01" }),
                (it) => assert.ok(JSON.stringify(it).includes("M54.59")),
            ],
            "lookup-unknown": [() => operation("lookup", "CodeSystem", { system: CM, code: "M54.5X", version: "2026" }), 404],
            "lookup-version": [() => operation("lookup", "CodeSystem", { system: CM, code: "M54.5", version: "1999" }), 404],
            "lookup-date": [() => operation("lookup", "CodeSystem", { system: CM, code: "M54.5", date: "soon" }), 400],
            validate: [
                () => operation("validate-code", "CodeSystem", { url: CM, code: "Z28.3", date: "2022-03-31", abstract: false }),
                (it) => assert.equal(value(it, "result"), true),
            ],
            "validate-header": [
                () => operation("validate-code", "CodeSystem", { url: CM, code: "Z28.3", date: "2022-04-01", abstract: false }),
                (it) => assert.equal(value(it, "result"), false),
            ],
            "validate-patch": [
                () => post("validate-code", "CodeSystem", { url: ["valueUri", CM], code: ["valueCode", "U071"], date: ["valueDateTime", "2020-04-01"] }),
                (it) => assert.equal(value(it, "code"), "U07.1"),
            ],
            "validate-display": [
                () => post("validate-code", "CodeSystem", { coding: ["valueCoding", { system: CM, version: "2022", code: "Z28.3", display: "Low back pain" }] }),
                (it) => assert.equal(value(it, "result"), false),
            ],
            "validate-procedure": [
                () => operation("validate-code", "CodeSystem", { url: PCS, code: "02703DZ", version: "2022-04" }),
                (it) => assert.equal(value(it, "result"), true),
            ],
            "validate-concept": [
                () => post("validate-code", "CodeSystem", {
                    codeableConcept: ["valueCodeableConcept", { coding: [{ system: "http://snomed.info/sct", code: "22298006" }, { system: CM, code: "C7B.00", version: "2026" }] }],
                }),
                (it) => assert.equal(value(it, "result"), true),
            ],
            subsumes: [
                () => operation("subsumes", "CodeSystem", { system: CM, codeA: "C7B", codeB: "C7B.00", version: "2026" }),
                (it) => assert.equal(value(it, "outcome"), "subsumes"),
            ],
            expand: [
                () => operation("expand", "ValueSet", { url: `${CM}?fhir_vs=isa/M54.5`, date: "2021-10-01", includeDesignations: true, includeDefinition: true }),
                (it) => assert.deepEqual(it.expansion.contains.map((one) => one.code), ["M54.5", "M54.50", "M54.51", "M54.59"]),
            ],
            "expand-page": [
                () => operation("expand", "ValueSet", { url: `${CM}?fhir_vs`, date: "2026-04-01", count: 20, offset: 40 }),
                (it) => assert.equal(it.expansion.contains.length, 20),
            ],
            "expand-words": [
                () => operation("expand", "ValueSet", { url: `${CM}?fhir_vs`, date: "2022-01-01", filter: "low back pain" }),
                (it) => assert.ok(it.expansion.contains.some((one) => one.code === "M54.50")),
            ],
            "expand-posted": [
                () => post("expand", "ValueSet", {
                    valueSet: ["resource", {
                        resourceType: "ValueSet",
                        status: "active",
                        compose: {
                            include: [{ system: CM, version: "2022", filter: [{ property: "concept", op: "descendent-of", value: "M54.5" }] }],
                            exclude: [{ system: CM, version: "2022", concept: [{ code: "M54.51" }] }],
                        },
                    }],
                }),
                (it) => assert.equal(it.expansion.total, 2),
            ],
            "expand-unknown": [() => operation("expand", "ValueSet", { url: "http://localhost/none" }), 404],
            "set-validate": [
                () => operation("validate-code", "ValueSet", { url: `${CM}?fhir_vs=isa/C7B`, system: CM, code: "M54.50", date: "2026-03-01" }),
                (it) => assert.equal(value(it, "result"), false),
            ],
            translate: [
                () => operation("translate", "ConceptMap", isR5
                    ? { sourceCode: "M54.5", system: CM, targetSystem: CM, date: "2021-10-01" }
                    : { code: "M54.5", system: CM, targetsystem: CM, date: "2021-10-01" }),
                (it) => assert.equal(it.parameter.filter((one) => one.name === "match").length, 3),
            ],
            "translate-back": [
                () => operation("translate", "ConceptMap", isR5
                    ? { targetCode: "M54.50", system: CM, date: "2021-10-01" }
                    : { code: "M54.50", system: CM, reverse: true, date: "2021-10-01" }),
                (it) => assert.ok(JSON.stringify(it).includes('"M54.5"')),
            ],
            batch: [
                () => client.batch({
                    body: {
                        resourceType: "Bundle",
                        type: "batch",
                        entry: [
                            { request: { method: "GET", url: `CodeSystem/$lookup?system=${encodeURIComponent(CM)}&code=C7B&version=2026` } },
                            { request: { method: "GET", url: "CodeSystem/none" } },
                        ],
                    },
                }),
                (it) => assert.deepEqual(it.entry.map((one) => one.response.status.slice(0, 3)), ["200", "404"]),
            ],
        };
        for (const [name, [ask, check]] of Object.entries(cases)) {
            asked += 1;
            try {
                let resource;
                if (typeof check === "number") {
                    const error = await ask().then(() => assert.fail("was answered"), (error) => error);
                    assert.equal(error.response?.status, check, String(error));
                    resource = error.response.data;
                    assert.equal(resource.resourceType, "OperationOutcome");
                } else {
                    resource = await ask();
                    check(resource);
                }
                fs.writeFileSync(path.join(kept, `${name}.json`), JSON.stringify(resource));
            } catch (error) {
                failed += 1;
                console.error(`${version} ${name}: ${error.message} ${JSON.stringify(error.response?.data ?? "").slice(0, 500)}`);
            }
        }
    }
    console.log(`${asked - failed} of ${asked} requests of fhir-kit-client were answered as they should be`);
    process.exitCode = failed > 0 ? 1 : 0;
}

main();
