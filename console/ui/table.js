// A table whose cells are text: real headers, links, and rows that arrive without moving others.
export default {
  props: { columns: Array, rows: Array, label: String, rowKey: String, most: Number, live: Boolean },
  data: () => ({ added: [], pending: [], fresh: {} }),
  computed: {
    all() {
      const seen = new Set();
      return [...this.added, ...this.rows].filter((row) => {
        const key = row[this.rowKey];
        return !seen.has(key) && seen.add(key);
      });
    },
  },
  watch: { rows() { this.added = []; this.pending = []; } },
  methods: {
    arrive(rows) {
      const known = new Set([...this.added, ...this.pending, ...this.rows].map((row) => row[this.rowKey]));
      const updates = new Map(rows.map((row) => [row[this.rowKey], row]));
      this.added = this.added.map((row) => updates.get(row[this.rowKey]) ?? row);
      const news = rows.filter((row) => !known.has(row[this.rowKey]));
      if (!news.length) return;
      const busy = window.scrollY > 80 || this.$el.contains(document.activeElement) || this.$el.querySelector("tbody:hover");
      this.pending = [...news, ...this.pending].slice(0, this.most);
      if (!busy && this.live) this.show();
    },
    show() {
      this.added = [...this.pending, ...this.added].slice(0, this.most);
      for (const row of this.pending) this.fresh[row[this.rowKey]] = true;
      this.pending = [];
    },
    href(column, row) {
      return column.href.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(row[name] ?? ""));
    },
    isEmpty(column, row) {
      const value = row[column.name];
      return value === null || value === undefined || value === "";
    },
    text(column, row) {
      const value = row[column.name];
      if (value === null || value === undefined || value === "") return "–";
      if (column.kind === "duration") return this.duration(value);
      if (column.kind === "bytes") return this.bytes(value);
      if (column.kind === "number") return Number(value).toLocaleString();
      if (typeof value === "object") return JSON.stringify(value).slice(0, 500);
      return String(value).slice(0, 500);
    },
    isLong(text) { return typeof text === "string" && (text.length > 110 || text.includes("\n")); },
    firstLine(text) {
      const lines = text.trim().split("\n");
      const shown = /^Traceback/.test(lines[0]) ? lines[lines.length - 1] : lines[0];
      return shown.length > 200 ? `${shown.slice(0, 200)}…` : shown;
    },
    duration(ms) {
      if (ms < 10) return `${Number(ms).toFixed(1)} ms`;
      if (ms < 1000) return `${Math.round(ms)} ms`;
      return ms < 60000 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 60000).toFixed(1)} min`;
    },
    bytes(n) {
      const units = ["B", "KB", "MB", "GB", "TB"];
      let unit = 0;
      for (; n >= 1000 && unit < 4; unit++) n /= 1000;
      return `${unit && n < 10 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
    },
    tone(column, row) {
      const value = String(row[column.name] ?? "").toLowerCase();
      if (column.tones) return column.tones[value] ?? "plain";
      const code = Number(value);
      if (code) return code >= 500 ? "bad" : code >= 400 ? "warn" : "good";
      if (/^(error|failed|fatal|dead|unhealthy|offline|ended|stopped)/.test(value)) return "bad";
      if (/^(warn|retry|cancel|pending|queued|starting|restarting)/.test(value)) return "warn";
      if (/^(ok|ready|completed|active|healthy|sent|info|success)/.test(value)) return "good";
      return "plain";
    },
    mark(column, row) {
      return { bad: "✕", warn: "!", good: "✓", plain: "" }[this.tone(column, row)];
    },
  },
  template: `
    <div class="table" :class="{ filled: all.length }">
      <div class="arrived" aria-live="polite">
        <button v-if="pending.length" type="button" @click="show">{{ pending.length }} new</button>
      </div>
      <div v-show="all.length" class="table-scroll" tabindex="0" role="region" :aria-label="label">
        <table>
          <caption class="hidden">{{ label }}</caption>
          <thead><tr>
            <th v-for="c in columns" :key="c.name" scope="col" :class="c.classes">{{ c.label }}</th>
          </tr></thead>
          <tbody>
            <tr v-for="row in all" :key="row[rowKey]" :class="{ fresh: fresh[row[rowKey]] }" :data-key="row[rowKey]">
              <td v-for="c in columns" :key="c.name" :class="[c.classes, { none: isEmpty(c, row) }]" :data-label="c.label">
                <a v-if="c.href && row[c.name] !== null && row[c.name] !== ''" :href="href(c, row)" :data-row="c.first ? '' : null"
                  ><time v-if="c.kind === 'time'" :data-at="row[c.name]"></time
                  ><template v-else>{{ text(c, row) }}</template></a>
                <time v-else-if="c.kind === 'time' && row[c.name]" :data-at="row[c.name]"></time>
                <span v-else-if="c.kind === 'status' && row[c.name] !== null && row[c.name] !== ''" class="status" :class="tone(c, row)"
                  ><span aria-hidden="true">{{ mark(c, row) }}</span> {{ text(c, row) }}</span>
                <details v-else-if="c.kind === 'lines' && isLong(row[c.name])" class="lines">
                  <summary>{{ firstLine(row[c.name]) }}</summary>
                  <pre>{{ String(row[c.name]).slice(0, 4000) }}</pre>
                  <button v-if="String(row[c.name]).length > 4000" type="button" class="act" @click="$emit('all', row[rowKey])">Show all</button>
                </details>
                <button v-else-if="c.kind === 'action' && row[c.name]" type="button" class="act"
                  @click="$emit('act', { key: row[rowKey], column: c.name })">{{ row[c.name] }}</button>
                <span v-else-if="c.kind === 'wrap'">{{ text(c, row) }}</span>
                <template v-else-if="c.kind === 'flag'">{{ row[c.name] ? c.label : "" }}</template>
                <template v-else-if="c.kind !== 'action'">{{ text(c, row) }}</template>
              </td>
            </tr>
          </tbody>
        </table>
      </div>
    </div>`,
};
