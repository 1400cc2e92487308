using System.Text;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Conformance;

/// <summary>Random texts, each split at random byte boundaries by two tokenizers, with specials, dummy prefixes and candidates that often continue the text.</summary>
internal sealed class RandomDocuments
{
    private static readonly string[] Letters = ["a", "b", "ab", " ", " a", "é", "\U0001F600"];

    private readonly Random _random;

    /// <param name="seed">Everything follows from it.</param>
    /// <param name="count">Number of documents.</param>
    /// <param name="repaired">The target's text differs from the source's by one byte.</param>
    public RandomDocuments(int seed, int count, bool repaired = false)
    {
        _random = new Random(seed);
        byte[][] texts = [.. Enumerable.Range(0, count).Select(_ => RandomText(repaired ? 40 : 1))];
        byte[][] targetTexts = [.. texts.Select(t => repaired ? WithOneChange(t) : t)];
        Tokenizer source = new(this, RandomMarker(), texts), target = new(this, RandomMarker(), targetTexts);
        Vocabularies = new VocabularyPair(source.Vocabulary, target.Vocabulary);
        Documents = [.. Enumerable.Range(0, count).Select(d =>
        {
            PlainSide s = source.View(d, !repaired && _random.Next(3) == 0), t = target.View(d, !repaired && _random.Next(3) == 0);
            return (new DocumentPair(Tokenized(d, s), Tokenized(d, t)), s, t);
        })];
    }

    public VocabularyPair Vocabularies { get; }

    public (DocumentPair Pair, PlainSide Source, PlainSide Target)[] Documents { get; }

    private static TokenizedDocument Tokenized(int document, PlainSide side) => new()
    {
        Id = $"doc-{document}",
        Ids = side.Ids,
        Candidates = new TopKLogits([.. side.Candidates.SelectMany(c => c)], [.. side.Logits.SelectMany(v => v)], side.Candidates[0].Length),
        LogSumExp = side.LogSumExp,
        Spans = side.SpansGiven ? side.Spans : null,
    };

    private string RandomMarker() => _random.Next(2) == 0 ? "Ġ" : "▁";

    private byte[] RandomText(int shortest) =>
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, _random.Next(shortest, shortest + 20)).Select(_ => Letters[_random.Next(Letters.Length)])));

    private byte[] WithOneChange(byte[] text)
    {
        byte[] changed = [.. text];
        changed[_random.Next(text.Length - 8)] ^= 1;
        return changed;
    }

    private sealed class Tokenizer
    {
        private readonly RandomDocuments _owner;
        private readonly Random _random;
        private readonly byte[][] _texts;
        private readonly byte[][][] _pieces;
        private readonly List<byte[]?> _tokens = [];
        private readonly List<PlainToken> _plain = [];
        private readonly bool _dummyPrefix;
        private readonly bool _bos;
        private readonly int _k;
        private readonly PlainVocabulary _plainVocabulary;

        public Tokenizer(RandomDocuments owner, string marker, byte[][] texts)
        {
            _owner = owner;
            _random = owner._random;
            _texts = texts;
            _dummyPrefix = _random.Next(2) == 0;
            _bos = _random.Next(3) > 0;
            _k = _random.Next(1, 8);
            _pieces = [.. texts.Select(t => Split(_dummyPrefix ? [(byte)' ', .. t] : t).ToArray())];
            IEnumerable<byte[]> extra = Enumerable.Range(0, 40).Select(_ => Slice(texts[_random.Next(texts.Length)]));
            byte[][] words = [.. _pieces.SelectMany(p => p).Concat(extra).Concat(extra.Select(e => (byte[])[(byte)' ', .. e])).DistinctBy(Convert.ToHexString)];
            _random.Shuffle(words);
            (string Text, string Roles)[] specials = [("<s>", "b"), ("</s>", "e"), (marker == "Ġ" ? "<|unk|>" : "<unk>", "u"), ("<x>", ""), (marker + "<y>", "")];
            var strings = new List<string?>();
            foreach (byte[] word in words)
            {
                if (_random.Next(12) == 0)
                    Add(null, null, new PlainToken([], Hole: true));
                if (strings.Count % 9 == 4 && specials.Length > 0)
                {
                    Add(specials[0].Text, [], new PlainToken([.. specials[0].Text.Select(c => (int)c)], Special: true, specials[0].Roles));
                    specials = specials[1..];
                }

                // Latin-1 is a bijection, so the strings are as distinct as the texts.
                Add(Encoding.Latin1.GetString(word).Replace(" ", marker, StringComparison.Ordinal), word, new PlainToken(TextOracle.Symbols(word)));
            }

            foreach ((string text, string roles) in specials)
                Add(text, [], new PlainToken([.. text.Select(c => (int)c)], Special: true, roles));
            byte[][] bytes = [.. _tokens.Select(t => t ?? [])];
            _plainVocabulary = new PlainVocabulary(bytes, [.. _plain], _dummyPrefix);
            Vocabulary = new TokenVocabulary("v", marker, marker == "Ġ", _dummyPrefix, [.. strings], bytes, [.. _plain.Select(BackendCases.RolesOf)]);

            void Add(string? text, byte[]? bytesOf, PlainToken token)
            {
                strings.Add(text);
                _tokens.Add(bytesOf);
                _plain.Add(token);
            }
        }

        public TokenVocabulary Vocabulary { get; }

        public PlainSide View(int document, bool spansGiven)
        {
            var ids = new List<int>();
            var spans = new List<(int, int)>();
            int at = 0;
            if (_bos)
                Add(Special("b"), 0);
            for (int p = 0; p < _pieces[document].Length; p++)
            {
                byte[] piece = _pieces[document][p];
                int width = piece.Length - (p == 0 && _dummyPrefix ? 1 : 0);
                // An encoder with spans of its own may not know a piece.
                Add(spansGiven && width > 0 && _random.Next(6) == 0 ? Special("u") : IdOf(piece), width);
                if (_random.Next(10) == 0)
                    Add(Special("x"), 0);
            }

            for (int e = _random.Next(3); e > 0; e--)
                Add(Special("e"), 0);
            (int[] Ids, double[] Logits)[] rows = [.. Enumerable.Range(0, ids.Count).Select(t => Candidates(ids, t))];
            double[] lse = [.. rows.Select(r => Math.Log(r.Logits.Sum(Math.Exp)) + (_random.Next(4) == 0 ? 0 : 2 * _random.NextDouble()))];
            return new PlainSide(
                _plainVocabulary, [.. ids], [.. spans], _texts[document], spansGiven, [.. rows.Select(r => r.Ids)], [.. rows.Select(r => r.Logits)], lse);

            void Add(int id, int width)
            {
                ids.Add(id);
                spans.Add((at, at += width));
            }
        }

        private int IdOf(byte[] piece) => _tokens.FindIndex(t => t is not null && t.SequenceEqual(piece) && piece.Length > 0);

        private int Special(string role) => role == "x"
            ? _plain.FindIndex(t => t.Special && t.Roles.Length == 0)
            : _plain.FindIndex(t => t.Roles == role);

        /// <summary>Distinct ids, best first: often the next token or one that begins like it; now and then one without any mass.</summary>
        private (int[] Ids, double[] Logits) Candidates(List<int> ids, int row)
        {
            int next = ids[Math.Min(row + 1, ids.Count - 1)];
            int[] all = [.. Enumerable.Range(0, _plain.Count).Where(id => !_plain[id].Hole)];
            int[] alike = [.. all.Where(id => _tokens[id]!.Take(1).SequenceEqual(_tokens[next]!.Take(1)))];
            _random.Shuffle(all);
            _random.Shuffle(alike);
            int[] chosen = [.. alike.Take(_random.Next(_k + 1)).Concat(_random.Next(3) == 0 ? all : [next, .. all]).Distinct().Take(_k)];
            _random.Shuffle(chosen);
            double[] logits = [.. chosen.Select(_ => 6 * _random.NextDouble()).OrderDescending()];
            if (_k > 1 && _random.Next(20) == 0)
                logits[^1] = double.NegativeInfinity;
            return (chosen, logits);
        }

        private IEnumerable<byte[]> Split(byte[] text)
        {
            for (int at = 0; at < text.Length;)
            {
                int length = Math.Min(_random.Next(1, 6), text.Length - at);
                yield return text[at..(at + length)];
                at += length;
            }
        }

        private byte[] Slice(byte[] text)
        {
            int at = _owner._random.Next(text.Length);
            return text[at..Math.Min(text.Length, at + _owner._random.Next(1, 7))];
        }
    }
}
