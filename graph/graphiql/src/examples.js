// What a first visit shows: a tab for each story. Later visits show the tabs as they were left.
export const examples = [
  {
    role: "marketplace",
    query: `# Ctrl-Space completes, Ctrl-Enter runs; the book at the left explains every field.
# Each tab asks as somebody: choose at the top right, or give a token in Headers below:
#   {"Authorization": "Bearer …"}

query Marketplace {
  __typename
}
`,
  },
  {
    role: "merchant",
    query: `# What a merchant sees.

query Merchant {
  __typename
}
`,
  },
  {
    role: "customer",
    query: `# What a customer sees.

query Customer {
  __typename
}
`,
  },
];
