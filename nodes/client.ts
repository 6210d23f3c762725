/** `banyan/client`: talks to a running system from any Node program that reaches its broker. */
export { type BanyanClient, connectBanyan, type ConnectOptions } from './client/connect.ts';
export type { BanyanEvent, EventFilter, EventStream } from './client/events.ts';
export type { AskOptions, Asked, Called, CallOptions, SubmitOptions } from './client/requests.ts';
export type { MessageInput, Stored, TellOptions } from './client/tell.ts';
export { type Address, escapeKey, formatAddress, parseAddress } from '../protocol/address.ts';
export { BanyanError, type ErrorCode } from '../protocol/errors.ts';
