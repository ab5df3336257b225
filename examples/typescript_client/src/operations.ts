// Written by `npm run types` from operations/ and the schema.

/** An operation, with the types of its data and variables. */
export type Operation<Data, Variables> = { query: string; types?: (variables: Variables) => Data };

export type ListenVariables = { after?: string | null };
export type Listen = { orderEvents: { __typename: 'OrderStateChanged'; cursor: string; seq: number; event: string; order: { reference: string }; labels: Array<{ label: string }> } | { __typename: 'Heartbeat'; cursor: string } | { __typename: 'Lagged'; cursor: string; missed: number } };
export const listen: Operation<Listen, ListenVariables> = {
  query: "subscription Listen($after:Cursor){orderEvents(after:$after){__typename ...on Heartbeat{cursor}...on Lagged{cursor missed}...on OrderStateChanged{cursor seq event order{reference}labels{label}}}}",
};

export type OrderVariables = { by: { id: string } | { reference: string } | { externalReference: string } };
export type Order = { merchant: { order: { reference: string; version: number } | null } | null };
export const order: Operation<Order, OrderVariables> = {
  query: "query Order($by:OrderSelector!){merchant{order(by:$by){reference version}}}",
};

export type OrdersVariables = { first: number; state?: string | null };
export type Orders = { merchant: { orders: { nodes: Array<{ reference: string; version: number; status: { label: string } | null; availableActions: Array<{ label: string; enabled: boolean; reason: { message: string } | null }> }> } } | null };
export const orders: Operation<Orders, OrdersVariables> = {
  query: "query Orders($first:Int!$state:String){merchant{orders(first:$first where:{state:$state}){nodes{...Card}}}}fragment Card on OrderView{reference version status{label}availableActions{label enabled reason{message}}}",
};

export type ShipVariables = { input: { order: { id: string } | { reference: string } | { externalReference: string }; expectedVersion?: number | null; idempotencyKey?: string | null; lines?: Array<{ line: string; quantity?: number | null }> | null; carrier?: string | null; trackingNumber?: string | null; expectedDelivery?: string | null } };
export type Ship = { shipLines: { order: { version: number; status: { label: string } | null } | null; moved: Array<{ sku: string; quantity: number; status: { label: string } | null }>; skipped: Array<{ sku: string; status: { label: string } | null }>; errors: Array<{ __typename: 'Busy' | 'GuardFailed' | 'IdempotencyConflict' | 'InputMissing' | 'InvalidInput' | 'NotFound' | 'OutOfStep'; message: string; path: Array<string> } | { __typename: 'TransitionNotAllowed'; message: string; path: Array<string>; available: Array<string> } | { __typename: 'VersionConflict'; message: string; path: Array<string>; expected: number; actual: number }>; replayed: boolean } };
export const ship: Operation<Ship, ShipVariables> = {
  query: "mutation Ship($input:ShipLinesInput!){shipLines(input:$input){order{version status{label}}moved{sku quantity status{label}}skipped{sku status{label}}errors{__typename message path ...on VersionConflict{expected actual}...on TransitionNotAllowed{available}}replayed}}",
};
