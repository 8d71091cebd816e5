// Requests to the server, with a token where it wants one. The token stays in this tab.

import { Fault } from "./fault.js";

const KEPT = "recurra-token";

export const token = {
  get: () => sessionStorage.getItem(KEPT) ?? "",
  set: (value) => (value ? sessionStorage.setItem(KEPT, value) : sessionStorage.removeItem(KEPT)),
};

/** An answer of HTTP. Throws a Fault of any that is none of success. */
export async function request(address, options = {}) {
  const headers = { ...options.headers };
  if (token.get()) headers.Authorization = `Bearer ${token.get()}`;
  let response;
  try {
    response = await fetch(address, { ...options, headers });
  } catch (error) {
    throw error.name === "AbortError" ? error : Fault.of(error);
  }
  if (!response.ok) throw await Fault.ofResponse(response);
  return response;
}

/** The address of a model's route. */
export function routeOf(model, verb, query = {}) {
  const asked = new URLSearchParams(query).toString();
  return `v1/models/${encodeURIComponent(model.name)}/${verb}${asked && `?${asked}`}`;
}

/** A WebSocket of a model. */
export function socketOf(model, query) {
  const address = new URL(routeOf(model, "stream", query), document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  return new WebSocket(address, token.get() ? ["recurra", `bearer.${token.get()}`] : []);
}
