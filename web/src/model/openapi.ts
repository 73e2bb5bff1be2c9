// The OpenAPI document as a page shows it: its operations by their tag.

import { type Fields, fields, items, text } from "./fields";

export interface Operation {
  id: string;
  method: string;
  path: string;
  summary: string;
  description: string;
  parameters: { name: string; where: string; description: string }[];
  answers: { status: string; description: string; example: string | undefined }[];
}

const METHODS = ["get", "post", "put", "delete", "patch"];

export function describe(document: unknown): Map<string, Operation[]> {
  const groups = new Map<string, Operation[]>();
  for (const [path, methods] of Object.entries(fields(fields(document)?.paths) ?? {})) {
    for (const [method, value] of Object.entries(fields(methods) ?? {})) {
      const operation = fields(value);
      if (!operation || !METHODS.includes(method)) continue;
      const [tag = ""] = items(operation.tags, text);
      groups.set(tag, [...(groups.get(tag) ?? []), operationOf(path, method, operation)]);
    }
  }
  return groups;
}

function operationOf(path: string, method: string, operation: Fields): Operation {
  return {
    id: `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    summary: text(operation.summary) ?? "",
    description: text(operation.description) ?? "",
    parameters: items(operation.parameters, (item) => {
      const parameter = fields(item);
      const name = text(parameter?.name);
      return name ? { name, where: text(parameter?.in) ?? "", description: text(parameter?.description) ?? "" } : undefined;
    }),
    answers: Object.entries(fields(operation.responses) ?? {}).map(([status, answer]) => ({
      status,
      description: text(fields(answer)?.description) ?? "",
      example: exampleIn(answer),
    })),
  };
}

function exampleIn(answer: unknown): string | undefined {
  for (const content of Object.values(fields(fields(answer)?.content) ?? {})) {
    const example = fields(content)?.example;
    if (example !== undefined) return JSON.stringify(example, null, 2);
  }
  return undefined;
}
