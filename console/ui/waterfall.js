// Spans as bars on one time axis; a table for readers of the screen and for the keyboard.
export default {
  props: { spans: Array, total: Number },
  data: () => ({ open: null }),
  methods: {
    time(us) {
      if (us < 1000) return `${Math.round(us)} µs`;
      return us < 1e6 ? `${(us / 1000).toFixed(us < 1e4 ? 1 : 0)} ms` : `${(us / 1e6).toFixed(2)} s`;
    },
    place(span) {
      const total = Math.max(this.total, 1);
      return { left: `${(100 * span.start_us) / total}%`, width: `max(2px, ${(100 * (span.end_us - span.start_us)) / total}%)` };
    },
  },
  template: `
    <div class="waterfall">
      <table>
        <caption class="hidden">Where the time went</caption>
        <thead><tr><th scope="col">Step</th><th scope="col" class="right">Start</th><th scope="col" class="right">Took</th><th scope="col" class="axis"><span>0</span><span>{{ time(total / 2) }}</span><span>{{ time(total) }}</span></th></tr></thead>
        <tbody>
          <template v-for="span in spans" :key="span.id">
            <tr>
              <td><button type="button" class="span-name" :style="{ paddingLeft: span.depth * 14 + 4 + 'px' }" :aria-expanded="String(open === span.id)" @click="open = open === span.id ? null : span.id">
                <span class="span-kind">{{ span.kind }}</span> {{ span.name }}</button></td>
              <td class="right dim">{{ time(span.start_us) }}</td>
              <td class="right">{{ time(span.end_us - span.start_us) }}</td>
              <td class="track"><div class="bar" :class="['tone-' + span.tone, span.failed ? 'failed' : '']" :style="place(span)"></div></td>
            </tr>
            <tr v-if="open === span.id"><td colspan="4" class="span-details">
              <a v-if="span.href" :href="span.href">Open this request</a>
              <dl class="facts"><template v-for="(value, name) in span.attributes" :key="name"><dt>{{ name }}</dt><dd class="mono">{{ value }}</dd></template></dl>
            </td></tr>
          </template>
        </tbody>
      </table>
    </div>`,
};
