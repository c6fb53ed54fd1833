// The messages of a chat session. Texts come from models and from people: Markdown becomes HTML of
// few elements, without pictures, styles or scripts; everything else is text.
import DOMPurify from "dompurify";
import "marked";

const LONGEST_MARKDOWN = 400_000;
const MOST_CACHED = 200;
const RULES = {
  ALLOWED_TAGS: ["p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a", "sub", "sup",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"],
  ALLOWED_ATTR: ["href", "align", "start"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
};
const purify = DOMPurify(window);
purify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer");
  }
  if (node.tagName === "PRE" || node.tagName === "TABLE") node.setAttribute("tabindex", "0"); // they scroll
});
const rendered = new Map();

function render(text) {
  if (!rendered.has(text)) {
    if (rendered.size >= MOST_CACHED) rendered.delete(rendered.keys().next().value);
    rendered.set(text, purify.sanitize(globalThis.marked.parse(text), RULES));
  }
  return rendered.get(text);
}

export default {
  props: { agents: Array, call: String, longest: Number, playable: Array },
  data: () => ({ turns: [], text: "", player: null }),
  computed: {
    // The backend may end the connection at it, and again each time that it is sent once more.
    isTooLong() { return this.text.length > this.longest; },
    busy() {
      const last = this.turns.at(-1);
      return Boolean(last) && (!last.outputs.length || last.outputs.some((output) => output.status === "progress"));
    },
  },
  methods: {
    add(message) {
      let turn = this.turns.find((each) => each.id === message.conv_id);
      if (!turn) {
        this.turns.push({ id: message.conv_id, input: null, outputs: [] });
        turn = this.turns.at(-1);
      }
      if (message.msg_type === "input") {
        turn.input = message;
        return;
      }
      const at = turn.outputs.findIndex((output) => output.msg_id === message.msg_id);
      if (at < 0) turn.outputs.push(message);
      else if (message.status !== "progress" || turn.outputs[at].status === "progress") turn.outputs[at] = message;
    },
    show(messages) {
      this.turns = [];
      this.player = null;
      for (const message of messages) this.add(message);
      this.$nextTick(() => this.toEnd());
    },
    put(message) {
      const log = this.$refs.log;
      const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 120;
      this.add(message);
      if (isAtEnd || message.msg_type === "input") this.$nextTick(() => this.toEnd());
    },
    toEnd() { const log = this.$refs.log; if (log) log.scrollTop = log.scrollHeight; },
    focus() { this.$refs.field?.focus(); },
    send() {
      const text = this.text.trim();
      if (!text || this.busy || this.isTooLong) return;
      this.$emit("send", text);
      this.text = "";
    },
    sendAgain(turn) { if (!this.busy) this.$emit("send", this.written(turn.input)); },
    mention(name) {
      this.text = `@${name} ${this.text.replace(/^@\w+\s*/, "")}`;
      this.focus();
    },
    play(what) {
      this.player = what;
      this.$nextTick(() => {
        const player = this.$refs.player;
        const begin = () => { player.currentTime = what.start; player.play().catch(() => undefined); };
        if (player.readyState > 0) begin();
        else player.addEventListener("loadedmetadata", begin, { once: true });
      });
    },
    written: (message) => (message?.content ?? []).map((item) => item.text ?? "").join("\n"),
    html: render,
    isLong: (text) => text.length > LONGEST_MARKDOWN,
    videosOf: (item) => (item.type === "videos" ? item.videos : item.type === "video" ? [item.video] : []).filter(Boolean),
    canPlay(id) { return this.playable.includes(id); },
    // A file of another server is not shown here: it would learn who looks.
    isOwn: (url) => typeof url === "string" && new URL(url, location.href).origin === location.origin,
    link: (url) => (/^https?:\/\//i.test(url ?? "") ? url : null),
    clock(seconds) {
      if (typeof seconds !== "number") return "";
      const whole = Math.floor(seconds);
      const minutes = `${Math.floor(whole / 60) % 60}:${String(whole % 60).padStart(2, "0")}`;
      return whole < 3600 ? minutes : `${Math.floor(whole / 3600)}:${minutes.padStart(5, "0")}`;
    },
  },
  template: `<div class="chat-main">
    <div ref="log" class="chat-log" role="log" aria-live="polite" aria-label="Conversation" tabindex="0">
      <p v-if="!turns.length" class="dim">Choose a call on the left and write @sales_prompt_extractor, or ask about your calls.</p>
      <template v-for="turn in turns" :key="turn.id">
        <article v-if="turn.input" class="chat-asked break">{{ written(turn.input) }}</article>
        <p v-if="!turn.outputs.length" class="dim">Sending…</p>
        <article v-for="output in turn.outputs" :key="output.msg_id" class="chat-answer panel" :class="{ failed: output.status === 'error' }"
            :data-status="output.status" :aria-busy="String(output.status === 'progress')">
          <ol v-if="output.actions?.length" class="chat-steps">
            <li v-for="(action, at) in output.actions" :key="at">{{ action }}<span v-if="output.status === 'progress' && at === output.actions.length - 1" class="chat-dots" aria-hidden="true">…</span></li>
          </ol>
          <template v-for="(item, at) in output.content" :key="at">
            <pre v-if="item.type === 'text' && item.text && isLong(item.text)" class="text" tabindex="0">{{ item.text }}</pre>
            <div v-else-if="item.type === 'text' && item.text" class="chat-text break" v-html="html(item.text)"></div>
            <ul v-else-if="videosOf(item).length" class="chat-videos">
              <li v-for="video in videosOf(item)" :key="video.id" class="chat-video">
                <img v-if="isOwn(video.thumbnail_url)" :src="video.thumbnail_url" :alt="video.name" class="preview">
                <button type="button" class="button break" :aria-pressed="String(video.id === call)" @click="$emit('open', { id: video.id, collection_id: video.collection_id })">{{ video.name || video.id }}</button>
                <span class="dim">{{ clock(video.length) }}</span>
                <button v-if="canPlay(video.id)" type="button" class="act" @click="$emit('play', { id: video.id, collection_id: video.collection_id, start: 0, title: video.name })">Play</button>
                <a v-else-if="link(video.player_url || video.stream_url)" :href="link(video.player_url || video.stream_url)" target="_blank" rel="noopener noreferrer">Watch</a>
              </li>
            </ul>
            <div v-else-if="item.type === 'search_results'" class="chat-found">
              <section v-for="found in item.search_results" :key="found.video_id">
                <h3 class="break">{{ found.video_title }}</h3>
                <ul>
                  <li v-for="(shot, number) in found.shots" :key="number" class="break">
                    <button v-if="canPlay(found.video_id) && typeof shot.start === 'number'" type="button" class="act" :aria-label="'Play from ' + clock(shot.start)"
                      @click="$emit('play', { id: found.video_id, collection_id: found.collection_id, start: shot.start, title: found.video_title })">▶ {{ clock(shot.start) }}</button>
                    <span v-else class="dim">{{ clock(shot.start) }}</span>
                    {{ shot.text }}
                  </li>
                </ul>
              </section>
            </div>
            <img v-else-if="item.type === 'image' && isOwn(item.image?.url)" :src="item.image.url" :alt="item.image.name || 'Picture'" class="preview">
            <a v-else-if="item.type === 'image' && link(item.image?.url)" :href="link(item.image.url)" target="_blank" rel="noopener noreferrer">{{ item.image.name || "Picture" }}</a>
          </template>
          <button v-if="output.status === 'error' && turn.input && turn === turns.at(-1)" type="button" class="act chat-again" @click="sendAgain(turn)">Try again</button>
        </article>
      </template>
    </div>
    <figure v-if="player" class="chat-player">
      <figcaption class="row-wrap"><span class="break grow">{{ player.title }}</span><button type="button" class="act" @click="player = null">Close</button></figcaption>
      <component :is="player.kind === 'video' ? 'video' : 'audio'" ref="player" :src="player.url" controls class="preview" :aria-label="player.title"></component>
    </figure>
    <div class="row-wrap chat-agents" role="group" aria-label="Agents">
      <button v-for="agent in agents" :key="agent.name" type="button" class="act" :title="agent.description" @click="mention(agent.name)">@{{ agent.name }}</button>
    </div>
    <p v-if="isTooLong" class="message-error" role="alert">A message has at most {{ longest.toLocaleString("en") }} characters: add a longer text as a file.</p>
    <form class="chat-compose" @submit.prevent="send">
      <label class="hidden" for="chat-text">Message</label>
      <textarea id="chat-text" ref="field" v-model="text" rows="2" placeholder="Ask about a call, or write @sales_prompt_extractor"
        @keydown.enter.exact.prevent="send"></textarea>
      <button type="submit" class="button" :disabled="busy || isTooLong">Send</button>
    </form>
  </div>`,
};
