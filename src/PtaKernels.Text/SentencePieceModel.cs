namespace PtaKernels.Text;

/// <summary>A SentencePiece <c>.model</c>: the pieces, their types, the trainer's ids and whether the normaliser puts a space before the text.</summary>
internal static class SentencePieceModel
{
    // Field numbers of sentencepiece_model.proto.
    private const int Pieces = 1, TrainerSpec = 2, NormalizerSpec = 3;
    private const int PieceText = 1, PieceScore = 2, PieceType = 3;
    private const int WhitespaceAsSuffix = 24, UnkId = 40, BosId = 41, EosId = 42, PadId = 43;
    private const int AddDummyPrefix = 3;

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

    public static TokenVocabulary Read(string file, ReadOnlySpan<byte> content)
    {
        Model model = Parse(file, content);
        var builder = new VocabularyBuilder(file);
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            Piece piece = model.Pieces[id];
            builder.Add($"piece {id}", id, piece.Text, TextOf(file, piece, id), RolesOf(piece.Kind));
        }

        int[] unknown = [.. Enumerable.Range(0, model.Pieces.Count).Where(id => model.Pieces[id].Kind == Kind.Unknown)];
        if (unknown.Length != 1)
            throw new AlignmentDataException($"{file}: {unknown.Length} of its {model.Pieces.Count} pieces have type UNKNOWN; expected a SentencePiece model, which has one.");
        if (model.Ids.Unk is { } unk && unk != unknown[0])
            throw new AlignmentDataException($"{file}: unk_id is {unk}; expected {unknown[0]}, the piece of type UNKNOWN.");
        Mark(builder, model, "bos_id", model.Ids.Bos, 1, TokenRoles.Bos);
        Mark(builder, model, "eos_id", model.Ids.Eos, 2, TokenRoles.Eos);
        Mark(builder, model, "pad_id", model.Ids.Pad, -1, TokenRoles.Pad);
        return builder.Build(VocabularyContent.NameOf(file), "▁", byteLevel: false, model.AddsDummyPrefix);
    }

    /// <summary>What the file says, before any of it is interpreted.</summary>
    internal static Model Parse(string file, ReadOnlySpan<byte> content)
    {
        List<Piece> pieces = [];
        (SpecialIds ids, bool dummyPrefix) = (default, true);
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
                    ids = ReadTrainer(file, reader.Message(), ids);
                    break;
                case NormalizerSpec:
                    dummyPrefix = ReadNormalizer(reader.Message(), dummyPrefix);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new Model(pieces, ids, dummyPrefix);
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

    private static SpecialIds ReadTrainer(string file, ProtobufReader reader, SpecialIds ids)
    {
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case UnkId:
                    ids = ids with { Unk = unchecked((int)reader.Integer()) };
                    break;
                case BosId:
                    ids = ids with { Bos = unchecked((int)reader.Integer()) };
                    break;
                case EosId:
                    ids = ids with { Eos = unchecked((int)reader.Integer()) };
                    break;
                case PadId:
                    ids = ids with { Pad = unchecked((int)reader.Integer()) };
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

        return ids;
    }

    private static bool ReadNormalizer(ProtobufReader reader, bool dummyPrefix)
    {
        while (reader.Next(out int field))
        {
            if (field == AddDummyPrefix)
                dummyPrefix = reader.Integer() != 0;
            else
                reader.Skip();
        }

        return dummyPrefix;
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

    internal sealed record Model(IReadOnlyList<Piece> Pieces, SpecialIds Ids, bool AddsDummyPrefix);

    internal readonly record struct Piece(string Text, float Score, Kind Kind);

    /// <summary>The trainer's ids; null where the file leaves one at its default.</summary>
    internal readonly record struct SpecialIds(int? Unk, int? Bos, int? Eos, int? Pad);
}
