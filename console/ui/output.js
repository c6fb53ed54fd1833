// Text that arrives in parts; what is beyond the most that is shown is counted, not kept.
export default {
  props: { label: String, most: Number },
  data: () => ({ text: "", hidden: 0 }),
  methods: {
    append(part) {
      const room = this.most - this.text.length;
      this.text += part.slice(0, room);
      this.hidden += Math.max(0, part.length - room);
    },
    reset() { this.text = ""; this.hidden = 0; },
  },
  template: `<div class="text-block"><pre class="text" tabindex="0" role="region" :aria-label="label">{{ text }}</pre>
    <p v-if="hidden" class="dim">and {{ hidden.toLocaleString() }} characters more</p></div>`,
};
