// Transcripts and recordings, chosen or dropped anywhere on the page, sent one after the other.
const NOT_HERE = ["dragover", "dragleave", "drop"];

export default {
  props: { endpoint: String, accept: String, most: Number },
  data: () => ({ sent: 0, total: 0, name: "", text: "", failed: false, isOver: false, running: false }),
  mounted() {
    for (const kind of NOT_HERE) document.addEventListener(kind, this.drag);
  },
  unmounted() {
    for (const kind of NOT_HERE) document.removeEventListener(kind, this.drag);
  },
  methods: {
    drag(event) {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.isOver = event.type === "dragover";
      if (event.type === "drop") this.send([...event.dataTransfer.files]);
    },
    pick(event) {
      const files = [...event.target.files];
      event.target.value = "";
      this.send(files);
    },
    async send(files) { // a transcript, a recording, or a recording and its transcript
      if (!files.length || this.running) return;
      this.name = files.map((file) => file.name).join(" and ");
      this.total = files.reduce((sum, file) => sum + file.size, 0);
      this.failed = false;
      if (this.total > this.most) {
        this.failed = true;
        this.text = `${this.name}: larger than ${Math.floor(this.most / 1e6)} MB.`;
        return;
      }
      this.text = `Sending ${this.name}…`;
      const form = new FormData();
      for (const file of files) form.append("file", file);
      this.sent = 0;
      this.running = true;
      const { status, body } = await this.post(form);
      this.running = false;
      this.failed = status !== 200;
      this.text = this.failed ? body.message || "The upload broke off: try again." : [`${body.name} is here.`, ...(body.notices ?? [])].join(" ");
      if (!this.failed) this.$emit("stored", body);
    },
    post(form) {
      return new Promise((resolve) => {
        const request = new XMLHttpRequest(); // fetch reports no progress of an upload
        request.open("POST", this.endpoint);
        request.upload.onprogress = (event) => {
          this.sent = event.loaded;
          this.total = event.total;
          if (event.loaded === event.total) this.text = `Reading ${this.name}…`;
        };
        request.onloadend = () => {
          let body = {};
          try { body = JSON.parse(request.responseText); } catch { /* no answer */ }
          resolve({ status: request.status, body });
        };
        request.send(form);
      });
    },
  },
  template: `<div class="uploader chat-drop" :class="{ over: isOver }">
    <label>Add a transcript or a recording: drop it here, or<input type="file" multiple :accept="accept" :disabled="running" @change="pick"></label>
    <progress v-if="running" :max="total || 1" :value="sent" :aria-label="'Upload of ' + name"></progress>
    <p class="break" :class="{ 'message-error': failed }" :role="failed ? 'alert' : 'status'">{{ text }}</p>
  </div>`,
};
