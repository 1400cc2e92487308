"use strict";

// Opens the documents of a page's viewer sections. Data: ViewerDocument, as JSON in gzip in base64; every text reaches the page as text, never as markup.
(() => {
    const MASS = 1e-5, SHARE = 1e-4; // ViewerDocument.MassUnit and ShareUnit
    const words = JSON.parse(document.getElementById("viewer-words").textContent);
    const SVG = "http://www.w3.org/2000/svg";

    /** An element with attributes and children; null children are left out, others that are no nodes become text. */
    function make(name, attributes = {}, ...children) {
        const element = document.createElement(name);
        for (const [key, value] of Object.entries(attributes)) {
            if (value !== null && value !== undefined) element.setAttribute(key, value);
        }
        element.append(...children.flat().filter(child => child !== null));
        return element;
    }

    /** A probability as per cent. */
    function percent(mass) {
        if (mass < 0) return "not a number";
        const hundredths = 100 * mass;
        return `${hundredths.toFixed(hundredths === 0 || hundredths >= 0.1 ? 1 : 2)} %`;
    }

    /** [text, mass, ...] in units as [{text, mass}]. */
    function masses(pairs) {
        const list = [];
        for (let i = 0; pairs && i < pairs.length; i += 2) list.push({ text: pairs[i], mass: pairs[i + 1] * MASS });
        return list;
    }

    /** A row's tokens as [{text, fused, own}]; own is undefined where the target's candidates lack the token. */
    function distribution(row) {
        const list = [];
        for (let i = 0; i < row.tokens.length; i += 3) list.push({ text: row.tokens[i], fused: row.tokens[i + 1] * MASS, own: row.tokens[i + 2] === null ? undefined : row.tokens[i + 2] * MASS });
        return list;
    }

    async function unpack(base64) {
        const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
        return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
    }

    const ruleClass = letter => `rule-${letter === "." ? "none" : letter}`;

    const badge = letter => make("span", { class: `viewer-letter ${ruleClass(letter)}` }, letter);

    /** One opened document: its two token lines and the panel beside them. */
    class View {
        constructor(data) {
            this.data = data;
            this.row = -1;
            this.pinned = -1;
            this.panel = make("div", { class: "viewer-panel", role: "region", "aria-label": "The row that is chosen", tabindex: "0" });
            this.tokens = make("div", { class: "viewer-tokens", role: "group", "aria-label": "Target tokens over source tokens. Arrow keys move, Enter pins, Escape lets go." });
            this.link = document.createElementNS(SVG, "svg");
            this.link.classList.add("viewer-link");
            this.link.setAttribute("aria-hidden", "true");
            this.targets = [];
            this.sources = data.sources.map(() => []);
            this.fillTokens();
            this.element = make("section", { class: "viewer-document", "aria-label": data.title },
                this.heading(), make("div", { class: "viewer-columns" }, this.tokens, this.panel), this.legend());
            this.listen();
            const first = Math.max(0, data.rows.findIndex(row => row.steps));
            this.stopAt(first);
            this.show(first);
        }

        text(index) {
            return this.data.texts[index];
        }

        heading() {
            const data = this.data;
            return make("div", { class: "viewer-heading" }, make("h3", {}, data.title),
                make("p", {}, `Above: ${data.target}, the target. Below: ${data.sources.join(", then ")}. Point at a target token, or move to it with the arrow keys; a click or Enter pins it.`,
                    data.note ? ` ${data.note}` : null));
        }

        legend() {
            const counts = new Map();
            for (const row of this.data.rows) counts.set(row.rule, (counts.get(row.rule) ?? 0) + 1);
            const items = [...counts].sort((a, b) => b[1] - a[1])
                .map(([letter, count]) => make("li", {}, badge(letter), `${words.rules[letter]} `, make("span", { class: "viewer-pale" }, `${count} ${count === 1 ? "row" : "rows"}`)));
            return make("div", { class: "viewer-legend" }, make("ul", { "aria-label": "Rules that filled the rows" }, items), make("p", { class: "viewer-pale" }, words.marks));
        }

        // ---- Token lines: a cell is a target token over the source tokens that end under it; cells wrap like words.

        fillTokens() {
            const { data } = this;
            const names = make("div", { class: "viewer-cell viewer-names", "aria-hidden": "true" }, make("span", {}, data.target), make("span", {}, "rule"), data.sources.map(name => make("span", {}, name)));
            const next = data.sources.map(() => 0);
            let line = make("div", { class: "viewer-text" }, names);
            data.targetTokens.forEach((text, i) => {
                const row = data.rows[i];
                const target = make("button", {
                    type: "button", class: `viewer-target ${ruleClass(row.rule)}`, "data-row": i, tabindex: "-1", "aria-pressed": "false", "aria-label": this.spoken(i),
                }, this.text(text));
                this.targets.push(target);
                const below = data.sources.map((_, s) => make("span", { class: "viewer-line" }, Array.from({ length: data.cells[s][i] }, () => this.sourceToken(s, next[s]++))));
                line.append(make("div", { class: "viewer-cell" }, target, make("span", { class: `viewer-rule ${ruleClass(row.rule)}`, "aria-hidden": "true" }, row.rule), below));
                if (i + 1 < data.rows.length && !this.text(text).includes("⏎")) return;
                this.tokens.append(line);
                line = make("div", { class: "viewer-text" });
            });
            for (const row of data.rows) {
                for (const step of row.steps ?? []) this.sources[step.source][step.from]?.classList.add("viewer-given");
            }
            this.tokens.append(this.link);
        }

        sourceToken(source, position) {
            const token = make("span", { class: "viewer-source", "data-source": source, "data-position": position }, this.text(this.data.sourceTokens[source][position]));
            this.sources[source].push(token);
            return token;
        }

        spoken(i) {
            const row = this.data.rows[i];
            const from = (row.steps ?? []).map(step => `${this.data.sources[step.source]} row ${step.from}`).join(" and ");
            return `Row ${i}, after ${this.text(this.data.targetTokens[i])}: rule ${row.rule === "." ? "none" : row.rule}, ${words.rules[row.rule]}${from ? `, from ${from}` : ""}`;
        }

        // ---- Choosing a row.

        listen() {
            this.tokens.addEventListener("pointerover", event => this.consider(this.rowOf(event.target)));
            this.tokens.addEventListener("focusin", event => {
                this.stopAt(this.rowOf(event.target));
                this.consider(this.rowOf(event.target));
            });
            this.tokens.addEventListener("click", event => this.pin(this.rowOf(event.target)));
            this.tokens.addEventListener("keydown", event => this.move(event));
            this.element.addEventListener("keydown", event => {
                if (event.key === "Escape") this.letGo();
            });
            new ResizeObserver(() => this.drawLink()).observe(this.tokens);
        }

        /** The row of a target token, or the first that received a source token; -1 for neither. */
        rowOf(element) {
            const target = element.closest(".viewer-target"), source = element.closest(".viewer-source");
            if (target) return Number(target.dataset.row);
            if (!source) return -1;
            return this.data.rows.findIndex(row => row.steps?.some(step => step.source === Number(source.dataset.source) && step.from === Number(source.dataset.position)));
        }

        /** The tab key stops at one target token; arrow keys go on from there. */
        stopAt(row) {
            for (const stop of this.tokens.querySelectorAll("[tabindex='0']")) stop.tabIndex = -1;
            this.targets[row].tabIndex = 0;
        }

        consider(row) {
            if (row >= 0 && row !== this.row && this.pinned < 0) this.show(row);
        }

        pin(row) {
            if (row < 0) return;
            if (row === this.pinned) {
                this.letGo();
                return;
            }
            this.pinned = row;
            this.show(row);
        }

        letGo() {
            this.pinned = -1;
            this.show(this.row);
        }

        move(event) {
            const at = this.targets.indexOf(document.activeElement);
            if (at < 0) return;
            const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: this.targets.length - 1, ArrowUp: this.overOrUnder(at, -1), ArrowDown: this.overOrUnder(at, 1) }[event.key];
            if (to === undefined || !this.targets[to]) return;
            event.preventDefault();
            this.targets[to].focus();
        }

        /** The nearest target token in the line before (-1) or after (1) a token's. */
        overOrUnder(at, way) {
            const here = this.targets[at].getBoundingClientRect();
            let line = null, best = at;
            for (let i = at + way; this.targets[i]; i += way) {
                const there = this.targets[i].getBoundingClientRect();
                if (there.top === here.top) continue;
                line ??= there.top;
                if (there.top !== line) break;
                if (best === at || Math.abs(there.left - here.left) < Math.abs(this.targets[best].getBoundingClientRect().left - here.left)) best = i;
            }
            return best;
        }

        show(row) {
            this.row = row;
            for (const old of this.tokens.querySelectorAll(".viewer-active")) old.classList.remove("viewer-active");
            this.targets.forEach((target, i) => target.setAttribute("aria-pressed", String(i === this.pinned)));
            this.targets[row].classList.add("viewer-active");
            for (const step of this.data.rows[row].steps ?? []) this.sources[step.source][step.from]?.classList.add("viewer-active");
            this.panel.replaceChildren(...this.panelOf(row).filter(part => part !== null));
            this.panel.dataset.row = row;
            this.panel.classList.toggle("viewer-pinned", this.pinned === row);
            this.drawLink();
        }

        drawLink() {
            this.link.replaceChildren();
            const area = this.tokens.getBoundingClientRect(), from = this.targets[this.row].getBoundingClientRect();
            for (const step of this.data.rows[this.row].steps ?? []) {
                const to = this.sources[step.source][step.from]?.getBoundingClientRect();
                if (!to) continue;
                const x1 = from.left + from.width / 2 - area.left, y1 = from.bottom - area.top, x2 = to.left + to.width / 2 - area.left, y2 = to.top - area.top, bend = (y1 + y2) / 2;
                const path = document.createElementNS(SVG, "path");
                path.setAttribute("d", `M${x1},${y1} C${x1},${bend} ${x2},${bend} ${x2},${y2}`);
                path.setAttribute("class", ruleClass(this.data.rows[this.row].rule));
                this.link.append(path);
            }
        }

        // ---- The panel.

        panelOf(i) {
            const row = this.data.rows[i];
            const parts = [this.panelHeading(i, row), this.facts(i, row)];
            for (const step of row.steps ?? []) parts.push(...this.stepParts(row, step));
            if (row.tokens) parts.push(...this.bars(i, row));
            return parts;
        }

        panelHeading(i, row) {
            const pin = make("button", { type: "button", class: "viewer-pin", "aria-pressed": String(this.pinned === i) }, this.pinned === i ? "pinned" : "pin");
            pin.addEventListener("click", () => {
                this.pin(i);
                this.panel.querySelector(".viewer-pin").focus();
            });
            return make("div", { class: "viewer-panel-heading" }, pin,
                make("h4", {}, `Row ${i}: what follows `, make("code", {}, this.text(this.data.targetTokens[i]))),
                make("p", {}, badge(row.rule), words.rules[row.rule]));
        }

        facts(i, row) {
            const list = make("dl", { class: "viewer-facts" });
            const add = (name, field, ...value) => list.append(make("dt", {}, name), make("dd", { "data-field": field }, ...value));
            if (row.steps) {
                add("received", "received", row.steps.map(step => `${this.data.sources[step.source]} row ${step.from}`).join(", "));
                const certificates = [...new Set(row.steps.map(step => step.certificate).filter(Boolean))];
                add("certificate", "certificate", certificates.length > 0 ? certificates.join("; ") : "no transport ran, so there is nothing to certify");
                add("signal kept", "kept", row.kept === undefined ? "not measured" : `${(row.kept / 10).toFixed(1)} % of what the teacher said`);
                add("missing mass", "missing", percent((row.missing ?? 0) * MASS));
                add("kappa", "kappa", row.steps.map(step => ((step.kappa ?? 1000) / 1000).toFixed(3)).join(", "));
            }
            const gold = this.data.targetTokens[i + 1];
            if (gold === undefined) add("next token", "next", "the document ends here");
            else add("next token", "next", make("code", { class: "viewer-gold" }, this.text(gold)), this.goldShares(row, gold));
            return list;
        }

        goldShares(row, gold) {
            if (!row.tokens) return "";
            const token = distribution(row).find(token => token.text === gold);
            const own = token?.own === undefined ? "is not among its candidates" : percent(token.own);
            return ` fused ${percent(token?.fused ?? 0)}${row.steps ? `, the target's own ${own}` : ""}`;
        }

        stepParts(row, step) {
            const name = this.data.sources[step.source];
            const title = row.steps.length > 1 ? `${name}, by rule ${step.rule}: ` : "";
            const what = !step.columns ? `candidates of ${name}` : this.data.byBytes ? `candidates of ${name}, and what each gives by its bytes` : `candidates of ${name}, and the transport plan`;
            return [make("h5", {}, title + what), step.columns ? this.matrix(step) : this.candidates(step), this.leftOut(step)];
        }

        /** What a step does not show. */
        leftOut(step) {
            const [count, mass] = step.leftOut ?? [0, 0], columns = step.columnsLeftOut ?? 0, sentences = [];
            if (count > 0) sentences.push(`${count} lighter ${count === 1 ? "candidate holds" : "candidates hold"} ${percent(mass * MASS)}.`);
            if (columns > 0) sentences.push(`${columns} lighter ${columns === 1 ? "column is" : "columns are"} not shown.`);
            if (step.notKept) sentences.push(`${percent(step.notKept * MASS)} of all mass went to tokens too light to be kept.`);
            return sentences.length === 0 ? null : make("p", { class: "viewer-pale" }, sentences.join(" "));
        }

        candidates(step) {
            return make("table", { class: "viewer-matrix" }, make("tbody", {}, masses(step.candidates).map(candidate => make("tr", {}, this.candidateCells(candidate)))));
        }

        candidateCells(candidate) {
            return [make("th", { scope: "row", title: this.text(candidate.text) }, this.text(candidate.text)), make("td", { class: "viewer-mass", "data-mass": candidate.mass }, percent(candidate.mass))];
        }

        /** Candidates down, target tokens across, cells shaded by the mass that moves; the heaviest cell is the darkest. */
        matrix(step) {
            const rows = masses(step.candidates), shares = new Map();
            for (let t = 0; step.shares && t < step.shares.length; t += 3) shares.set(`${step.shares[t]} ${step.shares[t + 1]}`, step.shares[t + 2] * SHARE * rows[step.shares[t]].mass);
            const most = Math.max(...shares.values(), MASS);
            const head = make("tr", {}, make("td"), make("td"), step.columns.map(text => make("th", { scope: "col", title: this.text(text), class: [...this.text(text)].length < 3 ? "viewer-short" : null }, make("span", {}, this.text(text)))));
            const body = rows.map((candidate, r) => make("tr", {}, this.candidateCells(candidate), step.columns.map((column, c) => this.cell(candidate, column, shares.get(`${r} ${c}`), most))));
            return make("div", { class: "viewer-scroll" }, make("table", { class: "viewer-matrix" }, make("thead", {}, head), make("tbody", {}, body)));
        }

        cell(candidate, column, mass, most) {
            if (mass === undefined) return make("td", { class: "viewer-cellmass" });
            const depth = Math.round(7 + 83 * Math.sqrt(mass / most)), whole = Math.round(100 * mass);
            return make("td", {
                class: `viewer-cellmass${depth > 55 ? " viewer-deep" : ""}`, style: `--depth: ${depth}%`, "data-mass": mass, title: `${this.text(candidate.text)} → ${this.text(column)}: ${percent(mass)}`,
            }, whole > 0 ? String(whole) : "");
        }

        bars(i, row) {
            const gold = this.data.targetTokens[i + 1], tokens = distribution(row), withOwn = Boolean(row.steps);
            const most = Math.max(MASS, ...tokens.flatMap(token => [token.fused, token.own ?? 0]));
            const bar = (kind, mass) => make("span", { class: `viewer-bar viewer-${kind}`, style: `--length: ${(100 * Math.max(0, mass ?? 0) / most).toFixed(1)}%`, hidden: mass > 0 ? null : "" });
            const lines = tokens.map(token => make("tr", { class: token.text === gold ? "viewer-gold-line" : null },
                make("th", { scope: "row", title: this.text(token.text) }, this.text(token.text)),
                make("td", { class: "viewer-bars", "aria-hidden": "true" }, bar("fused", token.fused), withOwn ? bar("own", token.own) : null),
                make("td", { class: "viewer-mass", "data-fused": token.fused }, percent(token.fused)),
                withOwn ? make("td", { class: "viewer-mass viewer-pale", "data-own": token.own }, token.own === undefined ? "" : percent(token.own)) : null,
                make("td", { class: "viewer-mark" }, token.text === gold ? make("span", { title: "the document's next token" }, "◄") : "")));
            const head = make("tr", {}, make("td"), make("td"), make("th", { scope: "col", class: "viewer-fused-name" }, "fused"), withOwn ? make("th", { scope: "col", class: "viewer-own-name" }, "own") : null, make("td"));
            return [make("h5", {}, withOwn ? "fused distribution, beside the target's own" : "what the row holds"),
                make("table", { class: "viewer-distribution" }, make("thead", {}, head), make("tbody", {}, lines)),
                row.leftOut ? make("p", { class: "viewer-pale" }, `${row.leftOut[0]} lighter fused ${row.leftOut[0] === 1 ? "token holds" : "tokens hold"} ${percent(row.leftOut[1] * MASS)}.`) : null];
        }
    }

    /** A list of documents: one is open at a time, below the list. */
    function listen(block) {
        const place = make("div", { class: "viewer-place" });
        block.append(place);
        const buttons = [...block.querySelectorAll(".viewer-open")];
        const open = async button => {
            const wasOpen = button.getAttribute("aria-expanded") === "true";
            for (const other of buttons) other.setAttribute("aria-expanded", "false");
            place.replaceChildren();
            if (wasOpen) return;
            button.setAttribute("aria-expanded", "true");
            if (!("DecompressionStream" in window)) {
                place.append(make("p", { class: "warning" }, "This browser cannot unpack documents; open the page in a current one."));
                return;
            }
            const view = new View(await unpack(button.parentElement.querySelector(".viewer-data").textContent));
            place.replaceChildren(view.element);
            view.drawLink();
            if (buttons.length > 1) view.element.scrollIntoView();
        };
        for (const button of buttons) button.addEventListener("click", () => open(button));
        if (buttons.length === 1) open(buttons[0]);
    }

    for (const block of document.querySelectorAll(".viewer")) listen(block);
})();
