// Files sent in parts by TUS, two at a time: a part that fails is sent again, and an upload that was
// broken off goes on when the same file is chosen again.
const SIDE_BY_SIDE = 2;
let loading;

function loadLibrary(url) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.tus);
    script.onerror = () => { loading = undefined; reject(new Error("The page could not load its part for uploads: reload it.")); };
    document.head.append(script);
  });
  return loading;
}

const reasonOf = (error) => {
  const body = error.originalResponse?.getBody() || "";
  try { return JSON.parse(body).message || body; } catch { return body || error.message; }
};

// A file of this name is there already: that is no conflict which passes.
const isTaken = (error) => error.originalRequest?.getMethod() === "POST" && error.originalResponse?.getStatus() === 409;

const size = (bytes) => bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;

export default {
  props: { label: String, library: String, endpoint: String, bucket: String, folder: String, headers: Object, part: Number },
  data: () => ({ files: [], isOver: false }),
  methods: {
    size,
    add(list) {
      for (const file of list) {
        this.files.push({ file, name: file.name, total: file.size, sent: 0, state: "waiting", error: "" });
      }
      this.next();
    },
    pick(event) {
      this.add(event.target.files);
      event.target.value = "";
    },
    drop(event) {
      this.isOver = false;
      this.add(event.dataTransfer.files);
    },
    next() {
      const running = this.files.filter((each) => each.state === "sending").length;
      for (const each of this.files.filter((each) => each.state === "waiting").slice(0, SIDE_BY_SIDE - running)) this.send(each);
    },
    finish(item, state, error = "") {
      item.state = state;
      item.error = error;
      if (state === "done") this.$emit("stored", item.name);
      this.next();
    },
    async send(item) {
      item.state = "sending";
      const name = this.folder ? `${this.folder}/${item.name}` : item.name;
      const target = `${this.bucket}/${name}`;
      try {
        const tus = await loadLibrary(this.library);
        const upload = new tus.Upload(item.file, {
          endpoint: this.endpoint,
          chunkSize: this.part,
          retryDelays: [0, 1000, 3000, 5000, 10000],
          onShouldRetry: (error, ...rest) => !isTaken(error) && tus.defaultOptions.onShouldRetry(error, ...rest),
          headers: this.headers,
          removeFingerprintOnSuccess: true,
          fingerprint: (file) => Promise.resolve(["console", target, file.size, file.lastModified].join("|")),
          metadata: { bucketName: this.bucket, objectName: name, contentType: item.file.type || "application/octet-stream" },
          onProgress: (sent) => { item.sent = sent; },
          onSuccess: () => this.finish(item, "done"),
          onError: (error) => this.finish(item, "failed", reasonOf(error)),
        });
        item.upload = upload;
        const before = await upload.findPreviousUploads();
        if (before.length) upload.resumeFromPreviousUpload(before[0]);
        upload.start();
      } catch (error) {
        this.finish(item, "failed", error.message);
      }
    },
    async cancel(item) {
      await item.upload?.abort(true).catch(() => undefined);
      this.finish(item, "cancelled");
    },
  },
  template: `<div class="uploader" :class="{ over: isOver }" @dragover.prevent="isOver = true" @dragleave="isOver = false" @drop.prevent="drop">
    <label class="row-wrap"><span>{{ label }}</span><input type="file" multiple @change="pick"></label>
    <ul v-if="files.length" aria-live="polite">
      <li v-for="item in files" :key="item.name + item.total" class="row-wrap">
        <span class="mono break grow">{{ item.name }}</span>
        <progress :max="item.total || 1" :value="item.state === 'done' ? item.total || 1 : item.sent" :aria-label="item.name"></progress>
        <span class="dim">{{ item.state === 'sending' ? size(item.sent) + ' of ' + size(item.total) : item.state === 'done' ? size(item.total) + ' stored' : item.state }}</span>
        <button v-if="item.state === 'sending'" type="button" class="button" @click="cancel(item)">Cancel</button>
        <span v-if="item.error" class="message-error break" role="alert">{{ item.error }}</span>
      </li>
    </ul>
  </div>`,
};
