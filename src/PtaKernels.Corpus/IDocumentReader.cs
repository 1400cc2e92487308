using System.Text.Json;

namespace PtaKernels.Corpus;

/// <summary>One model's view of a corpus, wherever it is stored: the same documents in the same order as every other model's.</summary>
/// <remarks><see cref="DocumentFiles.Open"/> finds the reader of a path.</remarks>
public interface IDocumentReader
{
    /// <summary>The file or folder, as the user named it.</summary>
    string Path { get; }

    /// <summary>What the path is, as <c>dataset folder</c>; all models' documents are of one kind.</summary>
    string Kind { get; }

    /// <summary>Parts that are read one after another, in order; a reader without splits has one, named by the empty string.</summary>
    IReadOnlyList<string> Splits { get; }

    /// <summary>Documents of a split, or null when only reading it tells.</summary>
    long? CountOf(string split);

    /// <summary>Tells these documents from others without reading all of them: a run that goes on must go on with the same input.</summary>
    string Identity { get; }

    /// <summary>The documents of a split, read as they are asked for. May be called again.</summary>
    /// <param name="split">The split.</param>
    /// <param name="first">Number of the first document wanted, from 0.</param>
    /// <exception cref="AlignmentDataException">The file is damaged beyond single documents.</exception>
    IEnumerable<IDocumentRecord> Read(string split, long first = 0);

    /// <summary>Opens an output of this reader's kind for a run in which it is the target.</summary>
    /// <exception cref="AlignmentDataException">The output exists and may not be replaced.</exception>
    IDocumentWriter OpenOutput(OutputRequest request);
}

/// <summary>One stored document, not yet parsed. Records stay valid while others are read, and may be parsed by several threads.</summary>
public interface IDocumentRecord
{
    /// <summary>File and place in it, for messages.</summary>
    string Where { get; }

    /// <summary>The name the document goes by when the input gives none. Given names must be the same for every model.</summary>
    string DefaultId { get; }

    /// <summary>About how much of the input is read with it, 0..1.</summary>
    double Share { get; }

    /// <summary>About the bytes of it, where that is known without parsing it; else 0.</summary>
    long Size => 0;

    /// <summary>What is kept of it in a quarantine file: enough to find or repair it.</summary>
    string Evidence { get; }

    /// <summary>Writes its number as one property of a quarantine line.</summary>
    void WriteKey(Utf8JsonWriter json);

    /// <summary>A field outside the alignment as text, null where it is null.</summary>
    /// <exception cref="AlignmentDataException">There is no such field, or it is a list.</exception>
    string? ValueOf(string column);

    /// <summary>The document.</summary>
    /// <exception cref="AlignmentDataException">It is bad input; the message says where and what to do.</exception>
    TokenizedDocument Parse();
}
