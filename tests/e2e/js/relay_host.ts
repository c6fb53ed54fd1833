// Plays the hosted project: runs the relays below a folder as they were written, under /functions/v1/NAME as the
// platform's gateway does, and passes all else to API_URL. It prints its port.
type Handler = (request: Request) => Response | Promise<Response>;

const [folder, apiUrl] = Deno.args;
const serve = Deno.serve;
const handlers = new Map<string, Handler>();
for (const { name, isDirectory } of Deno.readDirSync(folder)) {
  if (!isDirectory || /^[._]/.test(name)) continue;
  Object.defineProperty(Deno, "serve", { value: (handler: Handler) => handlers.set(name, handler), configurable: true });
  await import(`file://${folder}/${name}/index.ts`);
}

const onListen = ({ port }: { port: number }) => console.log(port);
serve({ hostname: "127.0.0.1", port: 0, onListen }, (request: Request) => {
  const { pathname, search } = new URL(request.url);
  const slug = pathname.match(/^\/functions\/v1\/([^/]+)/)?.[1];
  if (slug !== undefined) {
    const notFound = '{"code": "NOT_FOUND", "message": "Requested function was not found"}';
    return handlers.get(slug)?.(request) ?? new Response(notFound, { status: 404 });
  }
  return fetch(apiUrl + pathname + search, { method: request.method, headers: request.headers, body: request.body });
});
