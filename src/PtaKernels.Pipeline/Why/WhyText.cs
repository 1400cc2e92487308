using PtaKernels.Corpus;

namespace PtaKernels.Pipeline;

/// <summary>A text as every model of a question sees it.</summary>
/// <param name="Readers">The target's views with its candidates, those of the student's sources, then those of the models whose losses are compared: target before, control where there is one, student.</param>
/// <param name="Domains">Domains by document; a document that nothing names one for is not there.</param>
internal sealed record WhyText(IReadOnlyList<IDocumentReader> Readers, IReadOnlyDictionary<string, string> Domains)
{
    /// <summary>Folder of the run in which everything lies that questions need beyond the run itself.</summary>
    public const string FolderName = "why";

    /// <summary>Opens the text of a question; what is not captured yet is captured first, below <see cref="FolderName"/>, where the next question finds it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="student">The student that is asked about.</param>
    /// <param name="control">Its control; null where there is none.</param>
    /// <param name="documents">The text; null for the run's own.</param>
    /// <param name="domainField">Its field with the domain; null for that of the run's evaluation, where the documents have it.</param>
    /// <param name="progress">Is told what happens.</param>
    /// <param name="cancellation">Stops; the same call goes on from there.</param>
    /// <exception cref="AlignmentDataException">There is no text, or it is damaged.</exception>
    public static WhyText Open(FinishedRun run, Student student, Student? control, string? documents, string? domainField, IFuseProgress progress, CancellationToken cancellation)
    {
        if (documents is not null && !Path.Exists(documents))
            throw new AlignmentDataException($"{documents}: no such file or folder; --documents names the text: {TextDocument.Formats}.");
        string name = documents is null ? "own" : $"text-{StageRecords.Fingerprint(documents)[..12]}";
        var stages = new WhyStages(run, Path.Combine(run.Folder, FolderName, name), progress, cancellation);
        string pieces = documents is null ? Path.Combine(run.Folder, "split.jsonl.gz") : stages.Split(documents);
        Dictionary<string, string> domains = DomainsOf(pieces, domainField, run.Config.Evaluation?.DomainField);
        IReadOnlyList<IDocumentReader> models = documents is null ? run.ReadersOf(student) : [.. stages.CaptureModels(student, pieces).Select(static f => DocumentFiles.Open(f))];
        string[] compared =
        [
            // A temperature is a matter of what the target gives as candidates; its loss is its own.
            documents is null && run.Target.Temperature == 1 ? Path.Combine(run.Folder, "captured", run.Target.Name) : stages.CaptureLosses("before", run.Target.Folder, pieces),
            .. control is null ? Array.Empty<string>() : [stages.CaptureLosses(control.Name, run.ModelOf(control.Name), pieces)],
            stages.CaptureLosses(student.Name, run.ModelOf(student.Name), pieces),
        ];
        return new WhyText([.. models, .. compared.Select(static f => DocumentFiles.Open(f))], domains);
    }

    private static Dictionary<string, string> DomainsOf(string pieces, string? asked, string? usual) => asked is not null
        ? TextDocument.Read(pieces, asked).ToDictionary(static d => d.Id, static d => d.Domain, StringComparer.Ordinal)
        : TextDocument.Read(pieces, keepFields: true).Select(d => (d.Id, Domain: d.Fields.FirstOrDefault(f => f.Key == usual).Value))
            .Where(static d => d.Domain is not null).ToDictionary(static d => d.Id, static d => d.Domain, StringComparer.Ordinal);
}
