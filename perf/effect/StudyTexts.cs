using System.Security.Cryptography;
using System.Text;
using PtaKernels.Demo;
using PtaKernels.Pipeline;

namespace PtaKernels.Effect;

/// <summary>The study's texts: the demonstration's corpus, with a part for choosing learning rates that neither students nor the table ever see.</summary>
/// <param name="folder">The study's folder.</param>
/// <param name="stages">Knows what is finished.</param>
internal sealed class StudyTexts(string folder, StageRunner stages)
{
    /// <summary>Documents that teachers annotate; students go over them <see cref="StudyTraining.Passes"/> times.</summary>
    public const int TransferDocuments = 900;

    private const int PreTrainingDocuments = 1100;

    private const string Validation = "validation", Fresh = "fresh", More = "more";

    /// <summary>By teacher: copies of its own domain's text, and the share of the other's.</summary>
    private static readonly (string Teacher, string Strong, int Copies, double OfTheOther)[] TeacherTexts = [("neox", "web", 3, 0.3), ("mpt", "core", 1, 0.2), ("third", "web", 2, 0.6), ("twin", "web", 2, 1)];

    /// <summary>What the target is pre-trained on.</summary>
    public string ForTarget => PathOf(DemoCorpus.PreTraining);

    /// <summary>What teachers annotate.</summary>
    public string ForStudents => PathOf(DemoCorpus.Transfer);

    /// <summary>As many tokens as all passes over <see cref="ForStudents"/>, none of them twice.</summary>
    public string FreshForStudents => PathOf(Fresh);

    /// <summary>All text that students may be trained on.</summary>
    public string AllForStudents => PathOf(More);

    /// <summary>What the table is made from.</summary>
    public string HeldOut => PathOf(DemoCorpus.HeldOut);

    /// <summary>What learning rates are chosen on: types that no student is trained on.</summary>
    public string ForChoices => PathOf(Validation);

    /// <summary>What a teacher is trained on.</summary>
    public string ForTeacher(string teacher) => PathOf(teacher);

    /// <summary>Writes what is missing.</summary>
    public void Write()
    {
        string packs = ReferenceTexts.FindPacks();
        string[] parts = [DemoCorpus.PreTraining, DemoCorpus.Transfer, Fresh, More, DemoCorpus.HeldOut, Validation, .. TeacherTexts.Select(static t => t.Teacher)];
        stages.Run("texts", "documents", StageRecords.KeyOf(ReferenceTexts.VersionsIn(packs), TransferDocuments, StudyTraining.Passes, TeacherTexts.Select(static t => t.ToString())), [.. parts.Select(PathOf)], _ =>
        {
            ILookup<string, DemoDocument> all = DemoCorpus.Split(ReferenceTexts.Read(packs));
            DemoDocument[] transfer = [.. all[DemoCorpus.Transfer].Where(static d => !IsForChoices(d))];
            DemoCorpus.Write(ForTarget, all[DemoCorpus.PreTraining].Take(PreTrainingDocuments));
            DemoCorpus.Write(ForStudents, transfer.Take(TransferDocuments));
            DemoCorpus.Write(FreshForStudents, transfer.Take(TransferDocuments * StudyTraining.Passes));
            DemoCorpus.Write(AllForStudents, transfer);
            DemoCorpus.Write(ForChoices, all[DemoCorpus.Transfer].Where(IsForChoices));
            DemoCorpus.Write(HeldOut, all[DemoCorpus.HeldOut]);
            foreach ((string teacher, string strong, int copies, double other) in TeacherTexts)
            {
                DemoDocument[] own = [.. all[DemoCorpus.Sources].Where(d => d.Domain == strong)], others = [.. all[DemoCorpus.Sources].Where(d => d.Domain != strong)];
                DemoCorpus.Write(ForTeacher(teacher), Enumerable.Repeat(own, copies).SelectMany(static d => d).Concat(others.Take((int)(other * others.Length))));
            }

            return transfer.Length;
        }, static documents => $"{documents} documents for students");
    }

    private string PathOf(string part) => Path.Combine(folder, "texts", part + ".jsonl");

    /// <summary>One type in ten.</summary>
    private static bool IsForChoices(DemoDocument document) => SHA256.HashData(Encoding.UTF8.GetBytes(document.Id[..document.Id.LastIndexOf('#')]))[0] % 10 == 0;
}
