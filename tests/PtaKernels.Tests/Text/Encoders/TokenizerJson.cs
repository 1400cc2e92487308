using System.Text.Json.Nodes;
using PtaKernels.Text;

namespace PtaKernels.Tests.Text.Encoders;

/// <summary>Hugging Face's form of vocabularies in this repository, as tests/independent/encoders/tokenizer_files.py writes it for the original library.</summary>
internal static class TokenizerJson
{
    public const string QwenPattern = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>A form by the name that the golden checks have for it.</summary>
    public static string Of(string name) => name switch
    {
        "neox" => OverBytes("gpt2", new JsonObject { ["type"] = "NFC" }, ByteLevel(true), NeoxTokens(), false),
        "qwen2" => OverBytes("cl100k", new JsonObject { ["type"] = "NFC" }, Sequence(QwenPattern), [], true),
        "llama" => Marked(new JsonArray(Step("Prepend", ("prepend", "▁")), Replace()), null, Pairs(true)),
        "llama-split" => Marked(null, Metaspace(true), Pairs(false)),
        "unigram" => Marked(null, Metaspace(true), Unigram(false)),
        _ => Marked(null, Metaspace(false), Unigram(true)),
    };

    /// <summary>Tokens and merges of byte-level ranks: each token from the two parts that the lower ranks leave of it.</summary>
    public static (JsonObject Vocabulary, JsonArray Merges) OfRanks(TokenVocabulary vocabulary)
    {
        var ids = new JsonObject();
        var merges = new JsonArray();
        Dictionary<string, int> ranks = new(StringComparer.Ordinal);
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.HasToken(id) && !vocabulary.IsSpecial(id))
                ranks[vocabulary.StringOf(id)!] = id;
        }

        foreach ((string token, int rank) in ranks)
        {
            ids[token] = rank;
            List<string> parts = [.. token.Select(static c => c.ToString())];
            while (parts.Count > 2)
            {
                int best = Enumerable.Range(0, parts.Count - 1).MinBy(i => ranks.GetValueOrDefault(parts[i] + parts[i + 1], int.MaxValue));
                parts[best] += parts[best + 1];
                parts.RemoveAt(best + 1);
            }

            if (parts.Count == 2)
                merges.Add(new JsonArray(parts[0], parts[1]));
        }

        return (ids, merges);
    }

    private static string OverBytes(string name, JsonObject normalizer, JsonObject preTokenizer, JsonArray added, bool whole)
    {
        (JsonObject vocabulary, JsonArray merges) = OfRanks(VocabularyFile.Read(Repository.PathOf("samples", "vocab", $"{name}.json.gz")));
        return new JsonObject
        {
            ["added_tokens"] = added, ["normalizer"] = normalizer, ["pre_tokenizer"] = preTokenizer,
            ["model"] = new JsonObject { ["type"] = "BPE", ["ignore_merges"] = whole, ["vocab"] = vocabulary, ["merges"] = merges },
        }.ToJsonString();
    }

    private static JsonArray NeoxTokens()
    {
        var tokens = new JsonArray();
        for (int i = 0; i < 23; i++)
            tokens.Add(new JsonObject { ["id"] = 50_256 + i, ["content"] = new string(' ', 24 - i), ["normalized"] = true, ["special"] = false });
        TokenVocabulary gpt2 = VocabularyFile.Read(Repository.PathOf("samples", "vocab", "gpt2.json.gz"));
        foreach (string word in (string[])["return", "e"])
            tokens.Add(new JsonObject { ["id"] = gpt2.IdOf(word), ["content"] = word, ["normalized"] = false, ["special"] = false });
        return tokens;
    }

    private static JsonObject ByteLevel(bool cuts) => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = cuts };

    private static JsonObject Sequence(string pattern) => new()
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray(
            new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = "Isolated", ["invert"] = false }, ByteLevel(false)),
    };

    private static JsonObject Step(string type, params (string Name, string Value)[] members)
    {
        var step = new JsonObject { ["type"] = type };
        foreach ((string name, string value) in members)
            step[name] = value;
        return step;
    }

    private static JsonObject Replace() => new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = " " }, ["content"] = "▁" };

    private static JsonObject Metaspace(bool split) => new() { ["type"] = "Metaspace", ["replacement"] = "▁", ["prepend_scheme"] = "always", ["split"] = split };

    private static string Marked(JsonArray? normalizers, JsonObject? preTokenizer, JsonObject model)
    {
        var special = new JsonArray();
        foreach (string content in (string[])["<unk>", "<s>", "</s>"])
            special.Add(new JsonObject { ["id"] = special.Count, ["content"] = content, ["special"] = true });
        return new JsonObject
        {
            ["added_tokens"] = special,
            ["normalizer"] = normalizers is null ? null : new JsonObject { ["type"] = "Sequence", ["normalizers"] = normalizers },
            ["pre_tokenizer"] = preTokenizer, ["model"] = model,
        }.ToJsonString();
    }

    private static JsonObject Pairs(bool fallback)
    {
        IReadOnlyList<SentencePieceModel.Piece> pieces = Pieces("spA");
        var vocabulary = new JsonObject();
        for (int id = 0; id < pieces.Count; id++)
            vocabulary[pieces[id].Text] = id;
        var normal = pieces.Where(static p => p.Kind == SentencePieceModel.Kind.Normal).Select(static p => p.Text).ToHashSet(StringComparer.Ordinal);
        var merges = new JsonArray();
        foreach (SentencePieceModel.Piece piece in pieces.Where(static p => p.Kind == SentencePieceModel.Kind.Normal).OrderByDescending(static p => p.Score))
        {
            for (int cut = 1; cut < piece.Text.Length; cut++)
            {
                if (normal.Contains(piece.Text[..cut]) && normal.Contains(piece.Text[cut..]))
                    merges.Add($"{piece.Text[..cut]} {piece.Text[cut..]}");
            }
        }

        return new JsonObject { ["type"] = "BPE", ["unk_token"] = "<unk>", ["fuse_unk"] = fallback, ["byte_fallback"] = fallback, ["vocab"] = vocabulary, ["merges"] = merges };
    }

    private static JsonObject Unigram(bool fallback)
    {
        var pieces = new JsonArray();
        foreach (SentencePieceModel.Piece piece in Pieces("spB"))
            pieces.Add(new JsonArray(piece.Text, (double)piece.Score));
        return new JsonObject { ["type"] = "Unigram", ["unk_id"] = 0, ["byte_fallback"] = fallback, ["vocab"] = pieces };
    }

    private static IReadOnlyList<SentencePieceModel.Piece> Pieces(string name) =>
        SentencePieceModel.Parse(name, VocabularyAssert.Gunzip(GoldenEncoders.Model(name))).Pieces;
}
