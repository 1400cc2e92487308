using System.Buffers;
using System.Text;
using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Serving;

/// <summary>A vocabulary as another program holds it: an Arrow IPC stream in a file, a row per id.</summary>
/// <remarks>
/// Columns: <c>string</c> (binary; UTF-8, a lone surrogate as its three bytes, null for an id without a token), <c>text</c> (binary: decoded bytes; what stands
/// there for special tokens and holes is not read), <c>roles</c> (uint8, <see cref="TokenRoles"/>; any role makes a token special), and optionally
/// <c>map</c> (int32: the target id that an official map gives to a source's id, -1 for no entry, -3 for an entry that the target lacks). Metadata of the
/// schema: <c>name</c>, <c>marker</c>, <c>byte_level</c> and <c>dummy_prefix</c>, these two true or false.
/// </remarks>
internal sealed record VocabularyTable(TokenVocabulary Vocabulary, int[]? Map)
{
    /// <summary>Whether a file begins as an Arrow IPC stream does; no other form of a vocabulary begins so.</summary>
    public static bool Recognises(string path)
    {
        if (!File.Exists(path))
            return false;
        using FileStream file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[4];
        return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.IndexOfAnyExcept((byte)0xFF) < 0;
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="AlignmentDataException">It is damaged, lacks a column or an entry, or a string stands twice; the message names file and id.</exception>
    public static VocabularyTable Read(string path)
    {
        var file = new ArrowShard(path);
        IReadOnlyDictionary<string, string> metadata = file.Schema.Metadata ?? new Dictionary<string, string>();
        string name = Entry("name"), marker = Entry("marker");
        bool byteLevel = Flag("byte_level"), dummyPrefix = Flag("dummy_prefix");
        int strings = Place("string", BinaryType.Default), texts = Place("text", BinaryType.Default), roles = Place("roles", UInt8Type.Default);
        int map = file.Schema.FieldsList.Any(static f => f.Name == "map") ? Place("map", Int32Type.Default) : -1;
        var tokens = new Tokens();
        foreach (ArrowBatch batch in file.ReadBatches())
        {
            file.Guard(() =>
            {
                tokens.Add(path, (BinaryArray)batch.Batch.Column(strings), (BinaryArray)batch.Batch.Column(texts), (UInt8Array)batch.Batch.Column(roles));
                if (map >= 0)
                    tokens.Map.AddRange(((Int32Array)batch.Batch.Column(map)).Values);
                return true;
            });
        }

        if (tokens.Strings.Count == 0)
            throw Refused("holds no tokens");
        try
        {
            var vocabulary = new TokenVocabulary(name, marker, byteLevel, dummyPrefix, [.. tokens.Strings], [.. tokens.Texts], [.. tokens.Roles]);
            return new VocabularyTable(vocabulary, map < 0 ? null : [.. tokens.Map]);
        }
        catch (ArgumentException e)
        {
            throw Refused(e.Message.TrimEnd('.'));
        }

        string Entry(string key) => metadata.GetValueOrDefault(key) is { Length: > 0 } value ? value : throw Refused($"has no {key} in its schema's metadata");

        bool Flag(string key) => Entry(key) switch { "true" => true, "false" => false, var other => throw Refused($"has {key} {other}; expected true or false") };

        int Place(string column, IArrowType type)
        {
            int place = file.Schema.GetFieldIndex(column);
            IArrowType? found = place < 0 ? null : file.Schema.FieldsList[place].DataType;
            if (found?.TypeId != type.TypeId)
                throw Refused($"has {(found is null ? "no" : ArrowLists.Describe(found) + " in")} column {column}; expected {ArrowLists.Describe(type)}");
            return place;
        }

        AlignmentDataException Refused(string what) => new($"{path}: {what}.");
    }

    /// <summary>The official map of a source's table, by id.</summary>
    /// <exception cref="AlignmentDataException">It names an id that the target does not have.</exception>
    public static VocabularyMap? MapOf(string path, int[]? map, TokenVocabulary target)
    {
        if (map is null)
            return null;
        int bad = System.Array.FindIndex(map, id => id is not (VocabularyMap.None or Text.OfficialMapping.OutsideTarget) && !target.HasToken(id));
        return bad < 0 ? new VocabularyMap(map) : throw new AlignmentDataException($"{path}: id {bad} is mapped to {map[bad]}, which has no token in {target.Name}.");
    }

    /// <summary>A string from UTF-8 in which a lone surrogate may stand as its three bytes.</summary>
    /// <returns>Null where it is no such text; two surrogates that make a character must stand as its four bytes.</returns>
    internal static string? StringOf(ReadOnlySpan<byte> utf8)
    {
        var text = new StringBuilder(utf8.Length);
        bool high = false;
        while (!utf8.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(utf8, out Rune rune, out int consumed) == OperationStatus.Done)
            {
                text.Append(rune.ToString());
                high = false;
                utf8 = utf8[consumed..];
                continue;
            }

            if (utf8 is not [0xED, >= 0xA0 and <= 0xBF, >= 0x80 and <= 0xBF, ..])
                return null;
            char surrogate = (char)(0xD000 | ((utf8[1] & 0x3F) << 6) | (utf8[2] & 0x3F));
            if (high && char.IsLowSurrogate(surrogate))
                return null;
            high = char.IsHighSurrogate(surrogate);
            text.Append(surrogate);
            utf8 = utf8[3..];
        }

        return text.ToString();
    }

    private sealed class Tokens
    {
        public List<string?> Strings { get; } = [];

        public List<byte[]> Texts { get; } = [];

        public List<TokenRoles> Roles { get; } = [];

        public List<int> Map { get; } = [];

        public void Add(string path, BinaryArray strings, BinaryArray texts, UInt8Array roles)
        {
            for (int row = 0; row < strings.Length; row++)
            {
                int id = Strings.Count;
                bool hole = strings.IsNull(row);
                string? text = hole ? null : StringOf(strings.GetBytes(row))
                    ?? throw new AlignmentDataException($"{path}: the string of id {id} is no UTF-8 with lone surrogates at most.");
                TokenRoles role = (TokenRoles)roles.GetValue(row).GetValueOrDefault() & ~TokenRoles.Hole;
                role = hole ? TokenRoles.None : role == TokenRoles.None ? role : role | TokenRoles.Special;
                Strings.Add(text);
                Roles.Add(role);
                Texts.Add(hole || role != TokenRoles.None ? [] : texts.GetBytes(row).ToArray());
            }
        }
    }
}
