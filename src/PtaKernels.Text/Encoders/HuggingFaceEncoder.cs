namespace PtaKernels.Text;

/// <summary>The encoder of a <c>tokenizer.json</c>: byte-level BPE, and BPE or Unigram over marked spaces.</summary>
/// <remarks>Special tokens written in a text are ordinary text. Other added tokens are matched in it first, as the library does, for byte-level files; elsewhere they are refused.</remarks>
internal static class HuggingFaceEncoder
{
    public static TextEncoder Read(JsonPlace root)
    {
        TokenVocabulary vocabulary = HuggingFaceTokenizer.Read(root);
        HuggingFaceSteps steps = HuggingFaceSteps.Of(root);
        JsonPlace model = root.Find("model")!.Value;
        if (model.Find("dropout") is { } dropout && !(dropout.IsNumber && dropout.Value.GetDouble() == 0))
            throw Refused(root, "leaves merges out at random (model.dropout)");
        if (HuggingFaceTokenizer.TypeOf(model) == "Unigram")
            return Pieces(root, model, vocabulary, steps);
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach ((string token, JsonPlace id) in model.Find("vocab")!.Value.Members())
            ids[token] = (int)id.Integer();
        List<(string, string)> merges = MergeList.FromJson(model.Find("merges")!.Value);
        return steps.ByteLevel ? OverBytes(root, model, vocabulary, steps, ids, merges) : OverMarkers(root, model, vocabulary, steps, ids, merges);
    }

    private static ByteLevelEncoder OverBytes(
        JsonPlace root, JsonPlace model, TokenVocabulary vocabulary, HuggingFaceSteps steps, Dictionary<string, int> ids, List<(string, string)> merges)
    {
        List<(long Id, string Content, bool Normalized)> found = Added(root, vocabulary);
        AddedTokens? added = AddedTokens.Of(root.File, found.Select(static a => (a.Id, a.Content)), vocabulary);
        AddedTokens? raw = AddedTokens.Of(root.File, found.Where(static a => !a.Normalized).Select(static a => (a.Id, a.Content)), vocabulary);
        if (added is not null && steps.AddsPrefixSpace)
            throw Refused(root, "puts a space before each piece of text between added tokens");
        var text = new ByteLevelText { AddsPrefixSpace = steps.AddsPrefixSpace, Composes = steps.Composes, Added = added, AddedBeforeComposing = raw };
        return BytePairTables.Encoder(root.File, vocabulary, steps.Pattern, ids, merges, model.Flag("ignore_merges"), text);
    }

    private static SentencePieceEncoder OverMarkers(
        JsonPlace root, JsonPlace model, TokenVocabulary vocabulary, HuggingFaceSteps steps, Dictionary<string, int> ids, List<(string, string)> merges)
    {
        if (model.Flag("ignore_merges"))
            throw Refused(root, "takes whole words as tokens (model.ignore_merges) where spaces are marked");
        int unknown = model.Find("unk_token")?.Text() is { } token ? ids.GetValueOrDefault(token, -1) : -1;
        var segmenter = new BytePairSegmenter(root.File, ids, merges, unknown, steps.SplitsAtMarkers);
        return WithMarkers(root, model, vocabulary, steps, segmenter, unknown, model.Flag("fuse_unk"));
    }

    private static SentencePieceEncoder Pieces(JsonPlace root, JsonPlace model, TokenVocabulary vocabulary, HuggingFaceSteps steps)
    {
        if (steps.ByteLevel)
            throw Refused(root, "is a Unigram model over bytes");
        int unknown = model.Find("unk_id") is { } id ? (int)id.Integer() : -1;
        double[] scores = new double[vocabulary.Count];
        int piece = 0;
        foreach (JsonPlace item in model.Find("vocab")!.Value.Items())
            scores[piece++] = item.Items().Last().Value.GetDouble();
        SentencePieceModel.Piece[] pieces = PiecesOf(vocabulary, bytes: false);
        var segmenter = new UnigramSegmenter(root.File, pieces[..piece], scores[..piece], unknown, keepsFloats: false, steps.SplitsAtMarkers);
        return WithMarkers(root, model, vocabulary, steps, segmenter, unknown, fusesUnknown: true);
    }

    private static SentencePieceEncoder WithMarkers(
        JsonPlace root, JsonPlace model, TokenVocabulary vocabulary, HuggingFaceSteps steps, ISegmenter segmenter, int unknown, bool fusesUnknown)
    {
        if (Added(root, vocabulary).FirstOrDefault(a => !vocabulary.IsSpecial((int)a.Id)) is { Content: { } content })
            throw Refused(root, $"finds the added token {Quoted.Text(content)} in text before its spaces are marked");
        if (vocabulary.IdOf("▁") < 0)
            throw Refused(root, "has no token for a marked space");
        bool fallback = model.Flag("byte_fallback");
        SentencePieceModel.Piece[] pieces = PiecesOf(vocabulary, fallback);
        if (fallback && pieces.Count(static p => p.Kind == SentencePieceModel.Kind.Byte) < 256)
            throw Refused(root, "falls back to bytes without a token for each of them");
        if (!fallback && unknown < 0)
            throw Refused(root, "drops characters that it has no token for");
        var settings = new SentencePieceModel.Normalizer { AddsDummyPrefix = steps.Prepends || steps.PrependsOnce, RemovesExtraWhitespaces = false };
        var whole = new SentencePieceModel.Model(pieces, new SentencePieceModel.Trainer { ByteFallback = fallback, UnkSurface = "" }, settings, new SentencePieceModel.Normalizer());
        return SentencePieceEncoder.Of(root.File, vocabulary, whole, segmenter, unknown, fusesUnknown, steps.PrependsOnce);
    }

    /// <summary>The tokens as pieces by id: what is special is matched in no text. Unigram's search takes the spelling of a byte's token as text, as the library's does.</summary>
    private static SentencePieceModel.Piece[] PiecesOf(TokenVocabulary vocabulary, bool bytes)
    {
        var pieces = new SentencePieceModel.Piece[vocabulary.Count];
        for (int id = 0; id < pieces.Length; id++)
        {
            string text = vocabulary.StringOf(id) ?? "";
            bool special = text.Length == 0 || vocabulary.IsSpecial(id);
            bool isByte = bytes && TokenText.TryByteFallback(text, out _);
            SentencePieceModel.Kind kind = special ? SentencePieceModel.Kind.Control : isByte ? SentencePieceModel.Kind.Byte : SentencePieceModel.Kind.Normal;
            pieces[id] = new SentencePieceModel.Piece(text, 0, kind);
        }

        return pieces;
    }

    /// <summary>Tokens that are matched in text, special ones aside.</summary>
    private static List<(long Id, string Content, bool Normalized)> Added(JsonPlace root, TokenVocabulary vocabulary)
    {
        List<(long, string, bool)> added = [];
        if (root.Find("added_tokens") is not { } list)
            return added;
        foreach (JsonPlace token in list.Items())
        {
            long id = token.Find("id")!.Value.Integer();
            string content = token.Find("content")!.Value.Text();
            if (vocabulary.IsSpecial((int)id))
                continue;
            foreach (string flag in (string[])["single_word", "lstrip", "rstrip"])
            {
                if (token.Flag(flag))
                    throw Refused(root, $"finds the added token {Quoted.Text(content)} with {flag}");
            }

            added.Add((id, content, token.Flag("normalized", missing: true)));
        }

        return added;
    }

    private static AlignmentDataException Refused(JsonPlace root, string what) => new(
        $"{root.File}: {what}, which is not supported for encoding; expected byte-level BPE, or BPE or Unigram that only marks spaces.");
}
