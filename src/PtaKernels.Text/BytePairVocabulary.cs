namespace PtaKernels.Text;

/// <summary><c>vocab.json</c> { token : id } with <c>merges.txt</c> beside it: byte-level BPE as GPT-2's.</summary>
/// <remarks>
/// The merges are looked at for their shape only: an alignment needs the tokens. Special tokens are those that the files beside it name, those of the usual
/// spellings, and those that no bytes can make.
/// </remarks>
internal static class BytePairVocabulary
{
    /// <summary>Tokens outside the byte-level alphabet, as one in so many, that a vocabulary may have as special ones before it is of another kind.</summary>
    private const int OneForeignIn = 20;

    public static bool Recognises(JsonPlace root) =>
        root.IsObject && root.Value.GetPropertyCount() > 0 && root.Value.EnumerateObject().First().Value.ValueKind == System.Text.Json.JsonValueKind.Number;

    public static TokenVocabulary Read(JsonPlace root)
    {
        _ = MergeList.FromText(MergesOf(root.File));
        TokenizerRoles roles = TokenizerRoles.Beside(root.File);
        TokenizerStyle style = TokenizerStyle.GptTwo(roles.AddsPrefixSpace);
        var builder = new VocabularyBuilder(root.File);
        var added = roles.Added.Select(static a => a.Content).ToHashSet(StringComparer.Ordinal);
        List<string> foreign = [];
        foreach ((string token, JsonPlace id) in root.Members())
        {
            byte[]? text = TokenText.FromByteLevel(token);
            bool special = text is null && !added.Contains(token);
            builder.Add("vocab", id.Integer(), token, text ?? [], special ? TokenRoles.Special : TokenRoles.None);
            if (special)
                foreign.Add(token);
        }

        if (foreign.Count * OneForeignIn > root.Value.GetPropertyCount() + OneForeignIn)
        {
            throw new AlignmentDataException(
                $"{root.File}: {foreign.Count} tokens such as {Quoted.Text(foreign[0])} are not byte-level; expected GPT-2's kind, or name the tokenizer.json or the .model of this one.");
        }

        foreach ((string where, long id, string content, bool? special) in roles.Added)
            HuggingFaceTokenizer.Literal(builder, where, id, content, special ?? false, style);
        roles.Apply(builder, byteLevel: true, listed: false);
        return builder.Build(VocabularyContent.NameOf(root.File), style.Marker, byteLevel: true, style.DummyPrefix);
    }

    /// <summary>The encoder of the same files.</summary>
    public static TextEncoder ReadEncoder(JsonPlace root)
    {
        TokenVocabulary vocabulary = Read(root);
        TokenizerRoles roles = TokenizerRoles.Beside(root.File);
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach ((string token, JsonPlace id) in root.Members())
            ids[token] = (int)id.Integer();
        AddedTokens? added = AddedTokens.Of(
            root.File, roles.Added.Where(static a => a.Special != true).Select(static a => (a.Id, a.Content)), vocabulary);
        var steps = new ByteLevelText { AddsPrefixSpace = roles.AddsPrefixSpace, Added = added };
        return BytePairTables.Encoder(root.File, vocabulary, PretokenPattern.GptTwo, ids, MergeList.FromText(MergesOf(root.File)), looksUpWhole: false, steps);
    }

    private static string MergesOf(string file)
    {
        string name = Path.GetFileName(VocabularyContent.Stem(file));
        string merges = VocabularyContent.Beside(file, (name.EndsWith("vocab", StringComparison.Ordinal) ? name[..^5] : "") + "merges.txt");
        if (!File.Exists(merges) && File.Exists(merges + ".gz"))
            merges += ".gz";
        return File.Exists(merges)
            ? merges
            : throw new AlignmentDataException($"{file}: {Path.GetFileName(merges)} is not beside it; expected both files of a byte-level BPE.");
    }
}
