namespace PtaKernels.Text;

/// <summary>A SentencePiece <c>.model</c>: the pieces, their types, the trainer's ids and whether the normaliser puts a space before the text.</summary>
internal static class SentencePieceModel
{
    // Field numbers of sentencepiece_model.proto.
    private const int Pieces = 1, TrainerSpec = 2, NormalizerSpec = 3, DenormalizerSpec = 5;
    private const int PieceText = 1, PieceScore = 2, PieceType = 3;
    private const int ModelType = 3, WhitespaceAsSuffix = 24, ByteFallback = 35, UnkId = 40, BosId = 41, EosId = 42, PadId = 43, UnkSurface = 44;
    private const int CharacterMap = 2, AddDummyPrefix = 3, RemoveExtraWhitespaces = 4, EscapeWhitespaces = 5;

    internal enum Kind
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    /// <summary>Whether the first field is one of a model's: a block, with a length that the file can hold.</summary>
    public static bool Recognises(ReadOnlySpan<byte> content) =>
        content.Length > 1 && (content[0] & 7) == ProtobufReader.Length && content[0] >> 3 is >= Pieces and <= NormalizerSpec && (content[1] >= 0x80 || content[1] < content.Length);

    public static TokenVocabulary Read(string file, ReadOnlySpan<byte> content) => VocabularyOf(file, Parse(file, content));

    /// <summary>The tokens of a parsed model.</summary>
    public static TokenVocabulary VocabularyOf(string file, Model model)
    {
        var builder = new VocabularyBuilder(file);
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            Piece piece = model.Pieces[id];
            builder.Add($"piece {id}", id, piece.Text, TextOf(file, piece, id), RolesOf(piece.Kind));
        }

        int[] unknown = [.. Enumerable.Range(0, model.Pieces.Count).Where(id => model.Pieces[id].Kind == Kind.Unknown)];
        if (unknown.Length != 1)
            throw new AlignmentDataException($"{file}: {unknown.Length} of its {model.Pieces.Count} pieces have type UNKNOWN; expected a SentencePiece model, which has one.");
        if (model.Trainer.Unk is { } unk && unk != unknown[0])
            throw new AlignmentDataException($"{file}: unk_id is {unk}; expected {unknown[0]}, the piece of type UNKNOWN.");
        Mark(builder, model, "bos_id", model.Trainer.Bos, 1, TokenRoles.Bos);
        Mark(builder, model, "eos_id", model.Trainer.Eos, 2, TokenRoles.Eos);
        Mark(builder, model, "pad_id", model.Trainer.Pad, -1, TokenRoles.Pad);
        return builder.Build(VocabularyContent.NameOf(file), "▁", byteLevel: false, model.Normalizer.AddsDummyPrefix);
    }

    /// <summary>What the file says, before any of it is interpreted.</summary>
    internal static Model Parse(string file, ReadOnlySpan<byte> content)
    {
        List<Piece> pieces = [];
        var (trainer, normalizer, denormalizer) = (new Trainer(), new Normalizer(), new Normalizer());
        var reader = new ProtobufReader(file, content);
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case Pieces when pieces.Count > VocabularyBuilder.MaxId:
                    throw new AlignmentDataException($"{file}: has more than {VocabularyBuilder.MaxId} pieces; expected a vocabulary.");
                case Pieces:
                    pieces.Add(ReadPiece(file, reader.Message(), pieces.Count));
                    break;
                case TrainerSpec:
                    trainer = ReadTrainer(file, reader.Message(), trainer);
                    break;
                case NormalizerSpec:
                    normalizer = ReadNormalizer(reader.Message(), normalizer);
                    break;
                case DenormalizerSpec:
                    denormalizer = ReadNormalizer(reader.Message(), denormalizer);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new Model(pieces, trainer, normalizer, denormalizer);
    }

    private static Piece ReadPiece(string file, ProtobufReader reader, int id)
    {
        (string text, float score, long type) = ("", 0, (long)Kind.Normal);
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case PieceText:
                    text = reader.Text();
                    break;
                case PieceScore:
                    score = reader.Single();
                    break;
                case PieceType:
                    type = reader.Integer();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (text.Length == 0)
            throw new AlignmentDataException($"{file}: piece {id} before byte {reader.Offset} is empty; expected text.");
        return type is >= (long)Kind.Normal and <= (long)Kind.Byte
            ? new Piece(text, score, (Kind)type)
            : throw new AlignmentDataException($"{file}: piece {id} before byte {reader.Offset} has type {type}; expected 1 to 6.");
    }

    /// <summary>Unknown and control pieces have no text; a user-defined one is matched after spaces were marked, so it decodes as a normal one does.</summary>
    private static byte[] TextOf(string file, Piece piece, int id)
    {
        if (piece.Kind is Kind.Unknown or Kind.Control)
            return [];
        if (piece.Kind != Kind.Byte)
            return TokenText.FromPiece(piece.Text, "▁");
        return TokenText.TryByteFallback(piece.Text, out byte value)
            ? [value]
            : throw new AlignmentDataException($"{file}: piece {id} is {Quoted.Text(piece.Text)} of type BYTE; expected <0xNN>.");
    }

    private static TokenRoles RolesOf(Kind kind) => kind switch
    {
        Kind.Unknown => TokenRoles.Special | TokenRoles.Unk,
        Kind.Control => TokenRoles.Special,
        _ => TokenRoles.None,
    };

    private static Trainer ReadTrainer(string file, ProtobufReader reader, Trainer trainer)
    {
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case ModelType:
                    trainer = trainer with { ModelType = (int)Math.Clamp(reader.Integer(), 0, int.MaxValue) };
                    break;
                case ByteFallback:
                    trainer = trainer with { ByteFallback = reader.Integer() != 0 };
                    break;
                case UnkId:
                    trainer = trainer with { Unk = unchecked((int)reader.Integer()) };
                    break;
                case BosId:
                    trainer = trainer with { Bos = unchecked((int)reader.Integer()) };
                    break;
                case EosId:
                    trainer = trainer with { Eos = unchecked((int)reader.Integer()) };
                    break;
                case PadId:
                    trainer = trainer with { Pad = unchecked((int)reader.Integer()) };
                    break;
                case UnkSurface:
                    trainer = trainer with { UnkSurface = reader.Text() };
                    break;
                case WhitespaceAsSuffix when reader.Integer() != 0:
                    throw new AlignmentDataException($"{file}: treats white space as a suffix, which is not supported; expected a model that marks the start of words.");
                case WhitespaceAsSuffix:
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return trainer;
    }

    private static Normalizer ReadNormalizer(ProtobufReader reader, Normalizer normalizer)
    {
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case CharacterMap:
                    normalizer = normalizer with { CharacterMap = reader.Bytes() };
                    break;
                case AddDummyPrefix:
                    normalizer = normalizer with { AddsDummyPrefix = reader.Integer() != 0 };
                    break;
                case RemoveExtraWhitespaces:
                    normalizer = normalizer with { RemovesExtraWhitespaces = reader.Integer() != 0 };
                    break;
                case EscapeWhitespaces:
                    normalizer = normalizer with { EscapesWhitespaces = reader.Integer() != 0 };
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return normalizer;
    }

    /// <summary>A role holds where the piece is a control piece, as in the library; a negative id means that the model has none.</summary>
    private static void Mark(VocabularyBuilder builder, Model model, string name, int? given, int usual, TokenRoles role)
    {
        if (given >= model.Pieces.Count)
            throw new AlignmentDataException($"{builder.File}: {name} is {given}; expected -1 or one of the {model.Pieces.Count} pieces.");
        int id = given ?? usual;
        if (id >= 0 && id < model.Pieces.Count && model.Pieces[id].Kind == Kind.Control)
            builder.Mark(id, role);
    }

    internal sealed record Model(IReadOnlyList<Piece> Pieces, Trainer Trainer, Normalizer Normalizer, Normalizer Denormalizer);

    internal readonly record struct Piece(string Text, float Score, Kind Kind);

    /// <summary>What the trainer's settings say: its kind of model (1 Unigram, 2 BPE, 3 words, 4 characters) and its ids, null where the file leaves one at its default.</summary>
    internal sealed record Trainer(
        int ModelType = 1, bool ByteFallback = false, int? Unk = null, int? Bos = null, int? Eos = null, int? Pad = null, string UnkSurface = " \u2047 ");

    /// <summary>A normaliser's settings; the map is a double array and the texts that it leads to, empty for none.</summary>
    internal sealed record Normalizer(byte[] CharacterMap, bool AddsDummyPrefix = true, bool RemovesExtraWhitespaces = true, bool EscapesWhitespaces = true)
    {
        public Normalizer()
            : this([])
        {
        }
    }
}
