// The same function for Deno: imports what an AI function imports, and answers at once.
import Anthropic from "@anthropic-ai/sdk";
import { createClient } from "@supabase/supabase-js";
import OpenAI from "openai";

const clients = [createClient, OpenAI, Anthropic].map((client) => client.name);
Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen: () => {} }, () => Response.json({ pid: Deno.pid, clients }));
