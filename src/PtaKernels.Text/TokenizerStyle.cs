namespace PtaKernels.Text;

/// <summary>How a tokenizer's strings stand for text: byte-level, or with a marker for the space and perhaps <c>&lt;0xNN&gt;</c> for bytes.</summary>
internal sealed record TokenizerStyle(bool ByteLevel, string Marker, bool ByteFallback, bool DummyPrefix)
{
    public static TokenizerStyle GptTwo(bool addsPrefixSpace) => new(true, "Ġ", false, addsPrefixSpace);

    /// <summary>The bytes of a token of the model.</summary>
    public byte[] TextOf(string token)
    {
        if (ByteLevel)
            return TokenText.FromByteLevel(token) ?? System.Text.Encoding.UTF8.GetBytes(token);
        return ByteFallback && TokenText.TryByteFallback(token, out byte value) ? [value] : TokenText.FromPiece(token, Marker);
    }

    /// <summary>The style that the steps of a <c>tokenizer.json</c> amount to; null when they neither work on bytes nor mark spaces.</summary>
    public static TokenizerStyle? Of(JsonPlace root, JsonPlace model)
    {
        JsonPlace[] normalizers = Steps(root.Find("normalizer"), "normalizers");
        JsonPlace[] preTokenizers = Steps(root.Find("pre_tokenizer"), "pretokenizers");
        JsonPlace[] decoders = Steps(root.Find("decoder"), "decoders");
        if (normalizers.Concat(preTokenizers).Concat(decoders).Any(static s => Is(s, "ByteLevel")))
            return GptTwo(preTokenizers.Any(static s => Is(s, "ByteLevel") && s.Flag("add_prefix_space")));

        JsonPlace[] metaspaces = [.. preTokenizers.Where(static s => Is(s, "Metaspace"))];
        string? marker = metaspaces.Concat(decoders.Where(static s => Is(s, "Metaspace"))).Select(MarkerOf)
            .Concat(normalizers.Concat(preTokenizers).Where(static s => Replaces(s, " ")).Select(static s => s.Find("content")?.Text()))
            .Concat(decoders.Where(static s => Is(s, "Replace") && s.Find("content") is { IsString: true } c && c.Text() == " ").Select(PatternOf))
            .FirstOrDefault(static m => !string.IsNullOrEmpty(m));
        string[] prefixes = [.. normalizers.Where(static s => Is(s, "Prepend")).Select(static s => s.Find("prepend")?.Text() ?? "")];
        bool fallback = model.Flag("byte_fallback") || decoders.Any(static s => Is(s, "ByteFallback"));
        if (marker is null && metaspaces.Length == 0 && prefixes.Length == 0 && !fallback)
            return null;
        marker ??= "▁";
        return new TokenizerStyle(false, marker, fallback, metaspaces.Any(Prepends) || prefixes.Any(p => p == marker || p == " "));
    }

    /// <summary>A step, or the steps of a sequence; sequences may hold sequences.</summary>
    public static JsonPlace[] Steps(JsonPlace? step, string list)
    {
        if (step is not { } one)
            return [];
        return Is(one, "Sequence") ? [.. (one.Find(list) ?? throw one.Wrong($"a Sequence with {list}")).Items().SelectMany(s => Steps(s, list))] : [one];
    }

    private static bool Is(JsonPlace step, string type) => step.Find("type") is { IsString: true } name && name.Text() == type;

    private static bool Replaces(JsonPlace step, string what) => Is(step, "Replace") && PatternOf(step) == what;

    private static string? PatternOf(JsonPlace step) => step.Find("pattern") is { } pattern ? (pattern.Find("String") ?? pattern.Find("Regex"))?.Text() : null;

    private static string? MarkerOf(JsonPlace metaspace) => (metaspace.Find("replacement") ?? metaspace.Find("str_rep"))?.Text();

    /// <summary><c>prepend_scheme</c> says never, first or always; before it there was <c>add_prefix_space</c>, true unless it said otherwise.</summary>
    public static bool Prepends(JsonPlace metaspace) => metaspace.Find("prepend_scheme")?.Text() switch
    {
        null => metaspace.Flag("add_prefix_space", missing: true),
        "always" or "first" => true,
        "never" => false,
        var other => throw new AlignmentDataException($"{metaspace.File}: {metaspace.Where}.prepend_scheme is {Quoted.Text(other)}; expected always, first or never."),
    };
}
