// Holds a running server to the packages of the specification: its definitions of operations, and its examples.
//
//   node specification.cjs BASE MODULES
//
// MODULES is the folder node_modules with hl7.fhir.r4.examples, hl7.fhir.r5.core and hl7.fhir.r5.examples.
// BASE/r4 and BASE/r5 are asked for codes that are in the bundled sample.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const [base, modules] = process.argv.slice(2);
const SYSTEMS = ["http://hl7.org/fhir/sid/icd-10-cm", "http://www.cms.gov/Medicare/Coding/ICD10"];
const CM = SYSTEMS[0];
const PACKAGES = {
    r4: { definitions: "hl7.fhir.r4.examples", examples: "hl7.fhir.r4.examples" },
    r5: { definitions: "hl7.fhir.r5.core", examples: "hl7.fhir.r5.examples" },
};

// Beyond its own definition R4 is answered with what R5 defines and every terminology server gives.
const BEYOND = {
    "CodeSystem/$validate-code": ["code", "system", "version", "issues", "codeableConcept", "inactive"],
    "ValueSet/$validate-code": ["code", "system", "version", "issues", "codeableConcept", "inactive"],
    "CodeSystem/$lookup": ["code", "system", "abstract", "definition"],
    "ConceptMap/$translate": [],
    "CodeSystem/$subsumes": [],
};

const CALLS = {
    "CodeSystem/$lookup": [
        { system: ["uri", CM], code: ["code", "M54.5"], date: ["dateTime", "2021-09-30"] },
        { system: ["uri", CM], code: ["code", "C7B"], version: ["string", "2026"], property: ["code", "parent"] },
    ],
    "CodeSystem/$validate-code": [
        { url: ["uri", CM], code: ["code", "M54.5"], date: ["dateTime", "2021-10-01"], abstract: ["boolean", false] },
        { url: ["uri", CM], code: ["code", "C7B.00"], display: ["string", "Influenza"], date: ["dateTime", "2026-03-01"] },
        { url: ["uri", CM], code: ["code", "C7B.00"], date: ["dateTime", "2026-03-01"], displayLanguage: ["code", "en"] },
    ],
    "CodeSystem/$subsumes": [
        { system: ["uri", CM], codeA: ["code", "C7B"], codeB: ["code", "C7B.00"], version: ["string", "2026"] },
    ],
    "ValueSet/$validate-code": [
        { url: ["uri", `${CM}?fhir_vs`], system: ["uri", CM], code: ["code", "C7B.00"], date: ["dateTime", "2026-03-01"] },
        { url: ["uri", `${CM}?fhir_vs`], system: ["uri", CM], code: ["code", "C7B"], date: ["dateTime", "2026-03-01"] },
    ],
    "ConceptMap/$translate": [
        { r4: { system: ["uri", CM], code: ["code", "M54.5"] }, r5: { system: ["uri", CM], sourceCode: ["code", "M54.5"] }, date: "2021-10-01" },
    ],
};

let checked = 0;
const wrong = [];
const fail = (text) => wrong.push(text);

const read = (version, part, name) =>
    JSON.parse(fs.readFileSync(path.join(modules, PACKAGES[version][part], `${name}.json`), "utf8"));
const names = (version, kind) =>
    fs.readdirSync(path.join(modules, PACKAGES[version].examples)).filter((name) => name.startsWith(`${kind}-`) && name.endsWith(".json"));

async function send(address, body) {
    const answer = await fetch(address, {
        method: body === undefined ? "GET" : "POST",
        headers: { accept: "application/fhir+json", "content-type": "application/fhir+json" },
        body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    try {
        return { status: answer.status, resource: JSON.parse(text) };
    } catch {
        return { status: answer.status, resource: { resourceType: `no JSON: ${text.slice(0, 80)}` } };
    }
}

// Of what comes out every name is defined, has the type that is defined, and comes as often as it may.
function holdParameters(what, given, defined, beyond) {
    for (const parameter of given) {
        checked += 1;
        const definition = defined.find((one) => one.name === parameter.name);
        if (!definition) {
            if (!beyond.includes(parameter.name)) fail(`${what}: ${parameter.name} is not defined`);
            continue;
        }
        const key = Object.keys(parameter).find((one) => one.startsWith("value"));
        const any = !definition.type || ["Element", "*"].includes(definition.type);
        const wanted = definition.type && `value${definition.type[0].toUpperCase()}${definition.type.slice(1)}`;
        if (key && !any && key.toLowerCase() !== wanted.toLowerCase()) fail(`${what}: ${parameter.name} is a ${key}, not a ${wanted}`);
        if (parameter.part) holdParameters(`${what}.${parameter.name}`, parameter.part, definition.part ?? [], beyond);
    }
    for (const definition of defined) {
        const count = given.filter((one) => one.name === definition.name).length;
        if (count < definition.min) fail(`${what}: ${definition.name} is missing`);
        if (definition.max !== "*" && count > Number(definition.max)) fail(`${what}: ${definition.name} comes ${count} times`);
    }
}

async function operations(version) {
    for (const [operation, calls] of Object.entries(CALLS)) {
        const [kind, name] = operation.split("/$");
        const definition = read(version, "definitions", `OperationDefinition-${kind}-${name}`);
        const out = definition.parameter.filter((one) => one.use === "out");
        const beyond = BEYOND[operation] ?? [];
        for (let call of calls) {
            let extra = "";
            if (call[version]) {
                extra = `?date=${call.date}`;
                call = call[version];
            }
            const parameter = Object.entries(call).map(([key, [type, value]]) => ({ name: key, [`value${type[0].toUpperCase()}${type.slice(1)}`]: value }));
            const { status, resource } = await send(`${base}/${version}/${operation}${extra}`, { resourceType: "Parameters", parameter });
            if (status !== 200 || resource.resourceType !== "Parameters") {
                fail(`${version} ${operation}: ${status} ${JSON.stringify(resource).slice(0, 200)}`);
                continue;
            }
            const own = definition.parameter.some((one) => one.use === "out" && one.name === "issues") ? [] : beyond;
            holdParameters(`${version} ${operation}`, resource.parameter, out, [...own, ...(version === "r5" ? [] : beyond)]);
        }
        // No parameter that is defined is unknown here: it is used, or refused by its name with a reason.
        for (const one of definition.parameter.filter((one) => one.use === "in")) {
            checked += 1;
            const { status, resource } = await send(`${base}/${version}/${operation}?${one.name}=`);
            const said = JSON.stringify(resource);
            if (status >= 500 || /unknown parameter/i.test(said)) fail(`${version} ${operation}: ${one.name}: ${status} ${said.slice(0, 200)}`);
        }
    }
}

// Whatever stands in the examples is answered with a resource, and what cannot be done is told as an outcome.
async function examples(version) {
    const ask = async (what, address, body, kinds) => {
        checked += 1;
        const { status, resource } = await send(address, body);
        const isOutcome = resource.resourceType === "OperationOutcome" && resource.issue?.length > 0 && status >= 400;
        if (status >= 500 || !(isOutcome || (status === 200 && kinds.includes(resource.resourceType)))) {
            fail(`${version} ${what}: ${status} ${JSON.stringify(resource).slice(0, 200)}`);
        }
        return { status, resource };
    };
    for (const name of names(version, "ValueSet")) {
        const valueSet = read(version, "examples", name.slice(0, -5));
        const parameter = [{ name: "valueSet", resource: valueSet }];
        const body = { resourceType: "Parameters", parameter: [...parameter, { name: "count", valueInteger: 5 }] };
        await ask(`$expand of ${name}`, `${base}/${version}/ValueSet/$expand`, body, ["ValueSet"]);
        const coding = { name: "coding", valueCoding: { system: CM, code: "C7B.00" } };
        await ask(`$validate-code in ${name}`, `${base}/${version}/ValueSet/$validate-code?date=2026-03-01`, { resourceType: "Parameters", parameter: [...parameter, coding] }, ["Parameters"]);
    }
    for (const name of names(version, "Bundle")) {
        const bundle = read(version, "examples", name.slice(0, -5));
        if (JSON.stringify(bundle).length < 1e6) await ask(name, `${base}/${version}`, bundle, ["Bundle"]);
    }
}

// The codes of ours in the examples are known, as of a day on which all of them can be told.
async function codings(version) {
    const found = new Map();
    const walk = (value) => {
        if (Array.isArray(value)) value.forEach(walk);
        else if (value && typeof value === "object") {
            if (SYSTEMS.includes(value.system) && typeof value.code === "string") found.set(`${value.system}|${value.code}`, value);
            Object.values(value).forEach(walk);
        }
    };
    for (const kind of ["Claim", "ServiceRequest", "Condition", "Encounter", "ExplanationOfBenefit", "Procedure"]) {
        for (const name of names(version, kind)) walk(read(version, "examples", name.slice(0, -5)));
    }
    const day = "2026-03-01";
    for (const { system, code, display } of found.values()) {
        checked += 1;
        const query = new URLSearchParams({ url: system, code, date: day });
        const { status, resource } = await send(`${base}/${version}/CodeSystem/$validate-code?${query}`);
        const result = resource.parameter?.find((one) => one.name === "result")?.valueBoolean;
        console.log(`${version}: ${code} of the examples${display ? ` (${display})` : ""} on ${day}: ${status} ${result}`);
        if (status !== 200 || typeof result !== "boolean") fail(`${version} ${code}: ${status} ${JSON.stringify(resource).slice(0, 200)}`);
    }
}

async function main() {
    for (const version of ["r4", "r5"]) {
        await operations(version);
        await examples(version);
        await codings(version);
    }
    for (const text of wrong.slice(0, 40)) console.error(`wrong: ${text}`);
    console.log(`the specification: ${checked} held to its definitions and examples, ${wrong.length} wrong`);
    process.exitCode = wrong.length ? 1 : 0;
}

main();
