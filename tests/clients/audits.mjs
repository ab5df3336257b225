// The audits of GraphQL over HTTP by graphql-http: [{id, name, status, reason?}].
import { auditServer } from 'graphql-http';
import { report, said } from './story.mjs';

const results = await auditServer({ url: `http://${said.address}/graphql` });
report(results.map(({ id, name, status, reason }) => ({ id, name, status, reason })));
