using System.Text.Json;
using PtaKernels.Alignment;

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

    /// <summary>The documents of a split, read as they are asked for. May be called again.</summary>
    /// <exception cref="AlignmentDataException">The file is damaged beyond single documents.</exception>
    IEnumerable<IDocumentRecord> Read(string split);

    /// <summary>Opens an output of this reader's kind for a run in which it is the target.</summary>
    /// <param name="output">Its final name.</param>
    /// <param name="replace">Whether it may exist.</param>
    /// <param name="sources">The sources' readers, of this reader's kind and splits.</param>
    /// <param name="unit">What the fused values are.</param>
    /// <exception cref="AlignmentDataException">The output exists and may not be replaced.</exception>
    IDocumentWriter OpenOutput(string output, bool replace, IReadOnlyList<IDocumentReader> sources, OutputUnit unit);
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

/// <summary>Aligned documents out. Nothing appears under the final name before <see cref="Commit"/>; disposing without it removes what was written.</summary>
public interface IDocumentWriter : IDisposable
{
    /// <summary>Writes one document.</summary>
    /// <param name="record">The target's record, from the reader that opened this output.</param>
    /// <param name="target">The target's view.</param>
    /// <param name="sources">Each source's view, in listing order.</param>
    /// <param name="fused">The fused rows.</param>
    void Write(IDocumentRecord record, TokenizedDocument target, IReadOnlyList<TokenizedDocument> sources, FusedDocument fused);

    /// <summary>Publishes the output under its final name.</summary>
    void Commit();
}
