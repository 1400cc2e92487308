
namespace PtaKernels.Text;

/// <summary>SentencePiece's encoder and decoder for BPE and Unigram models, with the library's own ids (version 0.1.97).</summary>
/// <remarks>
/// Written here because Microsoft.ML.Tokenizers' ids differ from the library's on a tenth of documents (runs of spaces, equal scores), and because it gives no
/// spans. A byte-fallback token spans the byte of the document that it stands for; where a character was replaced, its tokens but the last one are empty and the
/// last one spans the original character. A text of which the normaliser leaves nothing has no tokens.
/// </remarks>
internal sealed class SentencePieceEncoder : BufferedEncoder
{
    private const int Unigram = 1, BytePairs = 2;

    private readonly SentencePieceModel.Model _model;
    private readonly SentencePieceNormalizer _normalizer;
    private readonly ISegmenter _segmenter;
    private readonly int _unknown;

    /// <summary>[256] the byte-fallback tokens, null where unknown characters stay unknown.</summary>
    private readonly int[]? _byteTokens;

    private readonly bool _fusesUnknown;

    private SentencePieceEncoder(TokenVocabulary vocabulary, SentencePieceModel.Model model, SentencePieceNormalizer normalizer, ISegmenter segmenter, int unknown, int[]? byteTokens, bool fusesUnknown)
        : base(vocabulary)
    {
        (_model, _normalizer, _segmenter) = (model, normalizer, segmenter);
        (_unknown, _byteTokens, _fusesUnknown) = (unknown, byteTokens, fusesUnknown);
    }

    /// <summary>Reads a <c>.model</c>.</summary>
    /// <exception cref="AlignmentDataException">The file is damaged, or of a kind that is not supported.</exception>
    public static SentencePieceEncoder Read(string file, ReadOnlySpan<byte> content)
    {
        SentencePieceModel.Model model = SentencePieceModel.Parse(file, content);
        TokenVocabulary vocabulary = SentencePieceModel.VocabularyOf(file, model);
        if (model.Trainer.ModelType is not (Unigram or BytePairs))
            throw new AlignmentDataException($"{file}: its model type is {model.Trainer.ModelType}, words or characters, which cannot encode here; expected 1 (Unigram) or 2 (BPE).");
        if (model.Denormalizer.CharacterMap.Length > 0)
            throw new AlignmentDataException($"{file}: has rules to undo its normaliser when it decodes, which is not supported; expected a model without.");
        int unknown = Enumerable.Range(0, model.Pieces.Count).First(id => model.Pieces[id].Kind == SentencePieceModel.Kind.Unknown);
        List<(byte[], int)> userDefined = [];
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            if (model.Pieces[id].Kind == SentencePieceModel.Kind.UserDefined)
                userDefined.Add((System.Text.Encoding.UTF8.GetBytes(model.Pieces[id].Text), id));
        }

        PieceTrie? literal = userDefined.Count > 0 ? new PieceTrie(userDefined) : null;
        ISegmenter segmenter = model.Trainer.ModelType == BytePairs
            ? new BytePairSegmenter(file, model, unknown, literal)
            : new UnigramSegmenter(file, model.Pieces, [.. model.Pieces.Select(static p => (double)p.Score)], unknown, keepsFloats: true, splitsAtMarkers: false);
        return new SentencePieceEncoder(
            vocabulary, model, new SentencePieceNormalizer(file, model.Normalizer, literal), segmenter, unknown, ByteTokens(file, model), fusesUnknown: true);
    }

    /// <summary>An encoder of the same kind from a <c>tokenizer.json</c>.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="vocabulary">The tokens.</param>
    /// <param name="model">Its pieces by id and settings.</param>
    /// <param name="segmenter">Cuts the text.</param>
    /// <param name="unknown">The id of unknown characters, -1 for none.</param>
    /// <param name="fusesUnknown">A run of unknown characters is one token.</param>
    /// <param name="prefixOnce">No space is put before a text that starts with one.</param>
    public static SentencePieceEncoder Of(
        string file, TokenVocabulary vocabulary, SentencePieceModel.Model model, ISegmenter segmenter, int unknown, bool fusesUnknown, bool prefixOnce)
    {
        var normalizer = new SentencePieceNormalizer(file, model.Normalizer, null, prefixOnce);
        return new SentencePieceEncoder(vocabulary, model, normalizer, segmenter, unknown, ByteTokens(file, model), fusesUnknown);
    }

    public override int? FirstToken(ReadOnlySpan<byte> text)
    {
        int whole = Utf8Text.WholePrefix(text);
        if (whole == 0 && !text.IsEmpty)
            return _byteTokens is null ? _unknown : _byteTokens[text[0]];
        EncoderBuffers buffers = Rent();
        Cut(text[..whole], inside: true, buffers);
        int? first = buffers.Count > 0 ? buffers.Ids[0] : null;
        Return(buffers);
        return first;
    }

    public override byte[] Decode(ReadOnlySpan<int> ids)
    {
        var text = new SentencePieceText(_model.Normalizer, _model.Trainer.UnkSurface);
        foreach (int id in ids)
        {
            if (!Vocabulary.HasToken(id))
                throw new ArgumentException($"vocabulary {Vocabulary.Name}: id {id} has no token.", nameof(ids));
            text.Add(_model.Pieces[id], Vocabulary.Bytes[id]);
        }

        return text.ToArray();
    }

    protected override PairMerger? CreateMerger() => _segmenter.CreateMerger();

    protected override void Cut(ReadOnlySpan<byte> utf8, bool inside, EncoderBuffers buffers)
    {
        buffers.Clear();
        _normalizer.Normalize(utf8, inside, buffers.Text);
        _segmenter.Segment(buffers);
        ReadOnlySpan<byte> text = buffers.Text.Bytes;
        ReadOnlySpan<int> ends = buffers.Text.Ends;
        int position = 0;
        bool afterUnknown = false;
        foreach ((int id, int length) in buffers.Symbols)
        {
            position += length;
            bool unknown = id == _unknown;
            if (unknown && _byteTokens is not null)
            {
                for (int i = position - length; i < position; i++)
                    buffers.AddToken(_byteTokens[text[i]], ends[i]);
            }
            else if (unknown && afterUnknown && _fusesUnknown)
            {
                // A run of unknown characters is one token.
                buffers.ExtendToken(ends[position - 1]);
            }
            else
            {
                buffers.AddToken(id, ends[position - 1]);
            }

            afterUnknown = unknown;
        }
    }

    private static int[]? ByteTokens(string file, SentencePieceModel.Model model)
    {
        int[] tokens = new int[256];
        Array.Fill(tokens, -1);
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            if (model.Pieces[id].Kind == SentencePieceModel.Kind.Byte && TokenText.TryByteFallback(model.Pieces[id].Text, out byte value))
                tokens[value] = id;
        }

        int found = tokens.Count(static t => t >= 0);
        if (found != (model.Trainer.ByteFallback ? tokens.Length : 0))
            throw new AlignmentDataException($"{file}: has pieces for {found} of the 256 bytes, and byte_fallback is {(model.Trainer.ByteFallback ? "on" : "off")}; expected all of them or none.");
        return model.Trainer.ByteFallback ? tokens : null;
    }
}
