// Writes src/operations.ts: every operation with the types of its variables and of its data.
// With --check it only says whether that file is up to date. Both refuse what the schema does not know.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import * as graphql from 'graphql';

const here = (path) => new URL(path, import.meta.url);
const schema = graphql.buildSchema(readFileSync(here('../../schema.graphql'), 'utf8'));
const SCALARS = { Boolean: 'boolean', Int: 'number', Float: 'number', BigInt: 'number' };

/** The TypeScript of a value of this type; `fields` gives that of an object's fields. */
function typed(type, fields) {
  if (graphql.isNonNullType(type)) return filled(type.ofType, fields);
  return `${filled(type, fields)} | null`;
}

function filled(type, fields) {
  if (graphql.isListType(type)) return `Array<${typed(type.ofType, fields)}>`;
  if (graphql.isEnumType(type)) return type.getValues().map(({ name }) => `'${name}'`).join(' | ');
  if (graphql.isScalarType(type)) return SCALARS[type.name] ?? 'string';
  return fields(type);
}

/** What an input object may hold; of a oneOf input exactly one field. */
function input(type) {
  const fields = Object.values(type.getFields());
  if (type.isOneOf) return fields.map((field) => `{ ${field.name}: ${filled(field.type, input)} }`).join(' | ');
  return object(
    fields.map((field) => `${field.name}${graphql.isRequiredInputField(field) ? '' : '?'}: ${typed(field.type, input)}`),
  );
}

const object = (members) => `{ ${members.join('; ')} }`;

/** What selections give on a type: one shape, or one for each group of types that look alike. */
function output(selections, fragments) {
  return (type) => {
    const shapes = new Map();
    for (const possible of graphql.isAbstractType(type) ? schema.getPossibleTypes(type) : [type]) {
      const found = collected(selections, possible, fragments, new Map());
      const members = [...found].map(([key, nodes]) => member(key, nodes, possible, fragments)).join('; ');
      shapes.set(members, [...(shapes.get(members) ?? []), possible.name]);
    }
    return [...shapes]
      .map(([members, names]) => `{ ${members.replace('__typename: string', `__typename: '${names.join("' | '")}'`)} }`)
      .join(' | ');
  };
}

function member(key, nodes, type, fragments) {
  const name = nodes[0].name.value;
  if (name === '__typename') return '__typename: string';
  const selections = nodes.flatMap((node) => node.selectionSet?.selections ?? []);
  return `${key}: ${typed(type.getFields()[name].type, output(selections, fragments))}`;
}

/** The fields that are selected on this very type, each under the name that it is answered under. */
function collected(selections, type, fragments, found) {
  for (const node of selections) {
    if (node.kind === 'Field') {
      const key = node.alias?.value ?? node.name.value;
      found.set(key, [...(found.get(key) ?? []), node]);
    } else {
      const part = node.kind === 'FragmentSpread' ? fragments.get(node.name.value) : node;
      const on = part.typeCondition ? schema.getType(part.typeCondition.name.value) : type;
      if (on === type || (graphql.isAbstractType(on) && schema.isSubType(on, type)))
        collected(part.selectionSet.selections, type, fragments, found);
    }
  }
  return found;
}

function operation(file) {
  const text = readFileSync(here(`operations/${file}`), 'utf8');
  const document = graphql.parse(new graphql.Source(text, `operations/${file}`));
  const [problem] = graphql.validate(schema, document);
  if (problem) throw problem;
  const fragments = new Map(
    document.definitions.filter(({ kind }) => kind === 'FragmentDefinition').map((each) => [each.name.value, each]),
  );
  const { name, operation, variableDefinitions, selectionSet } = graphql.getOperationAST(document);
  const variables = variableDefinitions.map(({ variable, type }) => {
    const given = graphql.typeFromAST(schema, type);
    return `${variable.name.value}${graphql.isNonNullType(given) ? '' : '?'}: ${typed(given, input)}`;
  });
  const root = schema.getRootType(operation);
  return `
export type ${name.value}Variables = ${object(variables)};
export type ${name.value} = ${output(selectionSet.selections, fragments)(root)};
export const ${name.value.toLowerCase()}: Operation<${name.value}, ${name.value}Variables> = {
  query: ${JSON.stringify(graphql.stripIgnoredCharacters(text))},
};
`;
}

const written = `// Written by \`npm run types\` from operations/ and the schema.

/** An operation, with the types of its data and variables. */
export type Operation<Data, Variables> = { query: string; types?: (variables: Variables) => Data };
${readdirSync(here('operations')).sort().map(operation).join('')}`;

const file = here('src/operations.ts');
if (!process.argv.includes('--check')) {
  writeFileSync(file, written);
} else if (readFileSync(file, 'utf8') !== written) {
  console.error('src/operations.ts is not what operations/ and the schema say: npm run types');
  process.exitCode = 1;
}
