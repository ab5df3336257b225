// What a Relay application asks: fragments, connections that go on, an object fetched again by its id.
// Nothing of it runs; tests/test_conformance_schema.py has it compiled.
import { graphql } from 'relay-runtime';

graphql`
  fragment orders_row on OrderView {
    id
    reference
    lines { id ...orders_line }
  }
`;

graphql`
  fragment orders_line on LineView @refetchable(queryName: "ordersLineQuery") {
    sku
    quantity
  }
`;

graphql`
  fragment orders_list on Marketplace
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "Cursor" }) {
    orders(first: $count, after: $cursor) @connection(key: "orders_list_orders") {
      totalCount
      edges { node { ...orders_row } }
    }
  }
`;

graphql`
  fragment orders_order on Order
  @refetchable(queryName: "ordersOrderQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "Cursor" }) {
    version
    history(first: $count, after: $cursor) @connection(key: "orders_order_history") {
      edges { node { seq event at } }
    }
  }
`;

graphql`
  query ordersQuery($id: ID!) {
    marketplace { ...orders_list }
    node(id: $id) { ...orders_order @alias }
  }
`;

graphql`
  mutation ordersCancelMutation($input: CancelInput!) {
    cancel(input: $input) {
      order { ...orders_row }
      errors { __typename message }
    }
  }
`;

graphql`
  subscription ordersSubscription($after: Cursor) {
    orderEvents(after: $after) {
      __typename
      ... on OrderStateChanged { cursor event order { id } }
    }
  }
`;
